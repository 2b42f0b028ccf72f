package io.weftmesh.ca.server.directory;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;

/**
 * How far each connected process has acknowledged, and who waits for all of them. A process that
 * goes is no longer waited for, one that comes is. Thread-safe; futures complete on the thread that
 * made the last acknowledgement.
 */
final class Acknowledgements {
  private final Map<Object, Long> acknowledged = new HashMap<>();
  private final List<Wait> waits = new ArrayList<>();

  private static final class Wait {
    private final long version;
    private final CompletableFuture<Boolean> done = new CompletableFuture<>();
    private int behind;

    Wait(long version) {
      this.version = version;
    }
  }

  /** A process knows a version, of which there may be an older record. */
  void acknowledged(Object process, long version) {
    List<Wait> over;
    synchronized (this) {
      Long before = acknowledged.put(process, version);
      if (before != null && before >= version) {
        acknowledged.put(process, before);
        return;
      }
      for (Wait wait : waits) {
        if (before != null && before < wait.version) {
          wait.behind--;
        }
        if (version < wait.version) {
          wait.behind++;
        }
      }
      over = over();
    }
    over.forEach(wait -> wait.done.complete(true));
  }

  /** A process is no longer connected. */
  void gone(Object process) {
    List<Wait> over;
    synchronized (this) {
      Long before = acknowledged.remove(process);
      if (before == null) {
        return;
      }
      for (Wait wait : waits) {
        if (before < wait.version) {
          wait.behind--;
        }
      }
      over = over();
    }
    over.forEach(wait -> wait.done.complete(true));
  }

  /** Completes with true when every process has acknowledged the version. */
  CompletableFuture<Boolean> await(long version) {
    Wait wait = new Wait(version);
    synchronized (this) {
      wait.behind = (int) acknowledged.values().stream().filter(seen -> seen < version).count();
      if (wait.behind == 0) {
        wait.done.complete(true);
      } else {
        waits.add(wait);
      }
    }
    // Whoever gives up waiting completes the future itself.
    Future<?> _ = wait.done.whenComplete((_, _) -> forget(wait));
    return wait.done;
  }

  private synchronized void forget(Wait wait) {
    waits.remove(wait);
  }

  private List<Wait> over() {
    return waits.stream().filter(wait -> wait.behind == 0).toList();
  }
}
