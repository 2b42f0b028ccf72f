package io.weftmesh.redirector;

import io.weftmesh.redirector.linux.Files;
import io.weftmesh.redirector.linux.LinuxException;
import io.weftmesh.redirector.linux.Namespaces;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Moves this process into an empty network namespace.
 *
 * <p>The kernel moves one thread, and a virtual machine has many by the time that it runs any code.
 * So the calling thread leaves for a new namespace and from there executes the same program anew,
 * under the same pid, where every thread is in it from the beginning.
 */
final class Isolation {
  /** Names the new namespace to the second run, which so knows that it is in it. */
  private static final String MARKER = "WEFT_REDIRECTOR_NETNS";

  private static final String OWN = "/proc/self/ns/net";
  private static final String OWN_OF_THREAD = "/proc/thread-self/ns/net";

  private Isolation() {}

  /** Returns at once in the second run; the first one ends here. */
  static void ensure() throws IOException {
    String expected = System.getenv(MARKER);
    String actual = Files.readLink(OWN);
    if (expected == null) {
      restart();
    } else if (!expected.equals(actual)) {
      throw new IOException(
          "network namespace is " + actual + ", but " + MARKER + " is " + expected + "; unset it");
    }
  }

  private static void restart() throws IOException {
    try {
      Namespaces.unshareNetwork();
    } catch (LinuxException refused) {
      throw new IOException(
          "cannot leave the network (CAP_SYS_ADMIN is needed): " + refused.getMessage(), refused);
    }
    List<String> environment = strings("/proc/self/environ");
    environment.add(MARKER + '=' + Files.readLink(OWN_OF_THREAD));
    Files.closeOnExecute();
    Namespaces.execute("/proc/self/exe", strings("/proc/self/cmdline"), environment);
  }

  private static List<String> strings(String file) throws IOException {
    String text =
        new String(java.nio.file.Files.readAllBytes(Path.of(file)), StandardCharsets.ISO_8859_1);
    List<String> strings = new ArrayList<>();
    for (int from = 0; from < text.length(); ) {
      int to = text.indexOf('\0', from);
      to = to < 0 ? text.length() : to;
      strings.add(text.substring(from, to));
      from = to + 1;
    }
    return strings;
  }
}
