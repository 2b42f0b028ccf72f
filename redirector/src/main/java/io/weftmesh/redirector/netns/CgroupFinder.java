package io.weftmesh.redirector.netns;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Finds the namespace of a pod by its processes' cgroups.
 *
 * <p>Of all processes of the pod, the oldest of those that are least deep in the tree counts: the
 * sandbox's own. A container may have containers of its own, or a process that has left the pod's
 * namespace (a browser's sandbox), but these are deeper or younger.
 */
public final class CgroupFinder implements NamespaceFinder {
  private final Path proc;

  /**
   * @param proc the proc file system that shows all processes of the node
   */
  public CgroupFinder(Path proc) {
    this.proc = proc;
  }

  @Override
  public @Nullable NetworkNamespace find(String podUid) throws IOException {
    String pid = findProcess(podUid);
    if (pid == null) {
      return null;
    }
    try {
      return NetworkNamespace.open(proc.resolve(pid).resolve("ns/net").toString());
    } catch (IOException ended) {
      throw new IOException(
          "process "
              + pid
              + " of pod "
              + podUid
              + " has no namespace to open: "
              + ended.getMessage(),
          ended);
    }
  }

  /** A pod without processes has ended, whatever else holds its namespace. */
  @Override
  public boolean isKept(String podUid, NetworkNamespace namespace) {
    return false;
  }

  /** The process whose namespace is the pod's, or null if the pod has none. */
  @Nullable String findProcess(String podUid) {
    String best = null;
    CgroupPath bestPath = null;
    long bestStart = Long.MAX_VALUE;
    for (String pid : Processes.all(proc)) {
      CgroupPath path = pathInPod(pid, podUid);
      if (path == null) {
        continue;
      }
      int order = bestPath == null ? -1 : path.compareTo(bestPath);
      if (order > 0) {
        continue;
      }
      long start = startTime(pid);
      if (order < 0 || start < bestStart) {
        best = pid;
        bestPath = path;
        bestStart = start;
      }
    }
    return best;
  }

  private @Nullable CgroupPath pathInPod(String pid, String podUid) {
    try (BufferedReader lines =
        Files.newBufferedReader(proc.resolve(pid).resolve("cgroup"), StandardCharsets.ISO_8859_1)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        CgroupPath path = CgroupPath.of(line, podUid);
        if (path != null) {
          return path;
        }
      }
    } catch (IOException ended) {
      // Processes come and go while they are looked at.
    }
    return null;
  }

  /**
   * Clock ticks since boot: the twenty-second field, counted behind the name, which may hold any.
   */
  private long startTime(String pid) {
    try {
      String stat =
          Files.readString(proc.resolve(pid).resolve("stat"), StandardCharsets.ISO_8859_1);
      int from = stat.lastIndexOf(')') + 2;
      for (int field = 3; field < 22; field++) {
        from = stat.indexOf(' ', from) + 1;
      }
      return Long.parseLong(stat.substring(from, stat.indexOf(' ', from)));
    } catch (IOException | RuntimeException ended) {
      return Long.MAX_VALUE;
    }
  }
}
