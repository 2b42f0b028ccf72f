package io.weftmesh.redirector.netns;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Which namespaces still have a process. Sockets keep a namespace alive, so that its end shows in
 * nothing else.
 *
 * <p>For every namespace one process is remembered and asked again; only when one of these has gone
 * are all processes looked at. Not thread-safe.
 */
public final class Occupancy {
  private final Path proc;
  private final Map<Long, String> witnesses = new HashMap<>();

  /**
   * @param proc the proc file system that shows all processes of the node
   */
  public Occupancy(Path proc) {
    this.proc = proc;
  }

  /** Removes from the set of inodes those of namespaces that a process lives in. */
  public void removeOccupied(Set<Long> inodes) {
    witnesses.keySet().retainAll(inodes);
    inodes.removeIf(inode -> {
      String witness = witnesses.get(inode);
      return witness != null && Processes.networkNamespace(proc, witness) == inode;
    });
    if (inodes.isEmpty()) {
      return;
    }
    for (String pid : Processes.all(proc)) {
      long inode = Processes.networkNamespace(proc, pid);
      if (inodes.remove(inode)) {
        witnesses.put(inode, pid);
        if (inodes.isEmpty()) {
          return;
        }
      }
    }
  }
}
