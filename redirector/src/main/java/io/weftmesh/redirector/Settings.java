package io.weftmesh.redirector;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The command line, checked.
 *
 * @param socket where node-proxy connects
 * @param allowedUid the only user that may
 * @param namespaceDirectory where namespaces are files named by pod UID; null: found by cgroups
 * @param hostNamespace the node's own network namespace, never touched, read for its addresses
 * @param proc the proc file system that shows all processes of the node
 */
record Settings(
    Path socket, int allowedUid, @Nullable Path namespaceDirectory, Path hostNamespace, Path proc) {

  static final String USAGE =
      "usage: weft-redirector --socket PATH --allow-uid UID [--netns-dir DIR]"
          + " [--host-netns PATH] [--proc DIR]";

  /**
   * Reads the command line.
   *
   * @throws IllegalArgumentException with one line for the person who wrote it
   */
  static Settings parse(String[] arguments) {
    Path socket = null;
    int allowedUid = -1;
    Path namespaceDirectory = null;
    Path proc = Path.of("/proc");
    Path hostNamespace = null;
    for (int i = 0; i < arguments.length; i += 2) {
      String option = arguments[i];
      if (i + 1 == arguments.length) {
        throw new IllegalArgumentException(option + " has no value; " + USAGE);
      }
      String value = arguments[i + 1];
      switch (option) {
        case "--socket" -> socket = Path.of(value);
        case "--allow-uid" -> allowedUid = uid(value);
        case "--netns-dir" -> namespaceDirectory = Path.of(value);
        case "--host-netns" -> hostNamespace = Path.of(value);
        case "--proc" -> proc = Path.of(value);
        default -> throw new IllegalArgumentException("no option " + option + "; " + USAGE);
      }
    }
    if (socket == null || allowedUid < 0) {
      throw new IllegalArgumentException("--socket and --allow-uid are required; " + USAGE);
    }
    Path host = hostNamespace == null ? proc.resolve("1/ns/net") : hostNamespace;
    return new Settings(socket, allowedUid, namespaceDirectory, host, proc);
  }

  private static int uid(String value) {
    try {
      int uid = Integer.parseInt(value);
      if (uid >= 0) {
        return uid;
      }
    } catch (NumberFormatException notNumber) {
      // Said below.
    }
    throw new IllegalArgumentException(
        "--allow-uid is '" + value + "', expected the number of a user");
  }
}
