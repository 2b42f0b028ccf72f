package io.weftmesh.redirector.netns;

import io.weftmesh.redirector.linux.Files;
import io.weftmesh.redirector.linux.LinuxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The processes that a proc file system shows, and where they live. */
final class Processes {
  private static final String PREFIX = "net:[";

  private Processes() {}

  /** The pids of all processes. */
  static List<String> all(Path proc) {
    String[] names = proc.toFile().list();
    List<String> pids = new ArrayList<>();
    if (names != null) {
      for (String name : names) {
        if (name.charAt(0) >= '1' && name.charAt(0) <= '9') {
          pids.add(name);
        }
      }
    }
    return pids;
  }

  /** The inode of a process' network namespace; 0 if the process has ended. */
  static long networkNamespace(Path proc, String pid) {
    try {
      String link = Files.readLink(proc + "/" + pid + "/ns/net");
      return link.startsWith(PREFIX) && link.endsWith("]")
          ? Long.parseLong(link.substring(PREFIX.length(), link.length() - 1))
          : 0;
    } catch (LinuxException | NumberFormatException ended) {
      return 0;
    }
  }
}
