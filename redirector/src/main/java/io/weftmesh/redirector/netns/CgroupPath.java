package io.weftmesh.redirector.netns;

import org.jspecify.annotations.Nullable;

/**
 * Where a process stands in the tree of its pod, read from a line of {@code /proc/PID/cgroup}.
 *
 * <p>The names differ by cgroup version, driver and runtime: {@code .../pod<uid>/<container>} with
 * cgroupfs, {@code ...-pod<uid with underscores>.slice/<runtime>-<container>.scope} with systemd,
 * {@code kubepods-...-pod<uid>.slice:<runtime>:<container>} with containerd under version 1, any of
 * them below the tree of a container that a node runs in. What they share is one component that
 * holds {@code pod<uid>}, beginning or after a dash, and ending or before a dot or colon.
 *
 * @param depth components up to the pod's: a tree that is nested in another pod's is deeper
 * @param depthInPod components after the pod's: a container's own containers are deeper
 */
record CgroupPath(int depth, int depthInPod) implements Comparable<CgroupPath> {
  private static final String MARKER = "pod";

  /**
   * The position of the process in the pod, or null if it isn't of that pod.
   *
   * @param line {@code hierarchy:controllers:path}
   */
  static @Nullable CgroupPath of(String line, String podUid) {
    int start = pathStart(line);
    if (start < 0) {
      return null;
    }
    int depth = 0;
    int depthOfPod = -1;
    for (int from = start; from <= line.length(); ) {
      int to = line.indexOf('/', from);
      if (to < 0) {
        to = line.length();
      }
      if (to > from) {
        depth++;
        if (namesPod(line, from, to, podUid)) {
          depthOfPod = depth;
        } else if (depthOfPod > 0 && namesAnyPod(line, from, to)) {
          // A pod of a cluster that runs inside this pod has its own namespace.
          depthOfPod = -1;
        }
      }
      from = to + 1;
    }
    return depthOfPod < 0 ? null : new CgroupPath(depthOfPod, depth - depthOfPod);
  }

  @Override
  public int compareTo(CgroupPath other) {
    return depth != other.depth
        ? Integer.compare(depth, other.depth)
        : Integer.compare(depthInPod, other.depthInPod);
  }

  private static int pathStart(String line) {
    int first = line.indexOf(':');
    int second = first < 0 ? -1 : line.indexOf(':', first + 1);
    return second < 0 ? -1 : second + 1;
  }

  private static boolean namesPod(String line, int from, int to, String podUid) {
    for (int at = line.indexOf(MARKER, from);
        at >= 0 && at < to;
        at = line.indexOf(MARKER, at + 1)) {
      int uidAt = at + MARKER.length();
      int end = uidAt + podUid.length();
      if (end <= to
          && (at == from || line.charAt(at - 1) == '-')
          && (end == to || line.charAt(end) == '.' || line.charAt(end) == ':')
          && sameUid(line, uidAt, podUid)) {
        return true;
      }
    }
    return false;
  }

  /** The systemd driver writes underscores for dashes, as a dash would nest slices. */
  private static boolean sameUid(String line, int at, String podUid) {
    for (int i = 0; i < podUid.length(); i++) {
      char expected = podUid.charAt(i);
      char actual = line.charAt(at + i);
      if (actual != expected && !(expected == '-' && actual == '_')) {
        return false;
      }
    }
    return true;
  }

  private static boolean namesAnyPod(String line, int from, int to) {
    boolean begins = line.startsWith(MARKER, from);
    boolean slice = line.startsWith("kubepods", from) && line.indexOf("-" + MARKER, from) > 0;
    return (begins && to - from > MARKER.length())
        || (slice && line.indexOf("-" + MARKER, from) < to);
  }
}
