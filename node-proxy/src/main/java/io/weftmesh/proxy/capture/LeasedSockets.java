package io.weftmesh.proxy.capture;

import io.weftmesh.redirector.lease.Descriptor;
import io.weftmesh.redirector.lease.Family;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Outgoing sockets of one family in one pod's network namespace, leased ahead of need. A batch of
 * them costs the redirector about as much as one, so a pod under load takes large batches and never
 * waits; a pod that rests keeps a few, since each is a descriptor of this process.
 *
 * <p>Thread-safe; never blocks, except for the lock that guards a few lines.
 */
final class LeasedSockets {
  /** Leases from the redirector. */
  interface Lessor {
    /**
     * Asks for {@code count} sockets without blocking; completes on any thread.
     *
     * @throws RejectedExecutionException when the process is about to end
     */
    CompletableFuture<List<Descriptor>> lease(Family family, int count);
  }

  private static final int FIRST_BATCH = 8;
  private static final int LARGEST_BATCH = 64;
  private static final int MOST_WAITING = 4096;

  private final Family family;
  private final Lessor lessor;
  private final CaptureMetrics metrics;

  private final ArrayDeque<Descriptor> idle = new ArrayDeque<>();
  private final ArrayDeque<CompletableFuture<Descriptor>> waiting = new ArrayDeque<>();
  private int batch = FIRST_BATCH;
  private boolean leasing;
  private boolean used;
  private boolean closed;

  LeasedSockets(Family family, Lessor lessor, CaptureMetrics metrics) {
    this.family = family;
    this.lessor = lessor;
    this.metrics = metrics;
  }

  /**
   * A socket, now or when the redirector has answered. Fails when it can't be had; cancelling gives
   * the place in the queue up.
   */
  CompletableFuture<Descriptor> take() {
    CompletableFuture<Descriptor> taken = new CompletableFuture<>();
    Descriptor ready = null;
    synchronized (this) {
      used = true;
      if (closed) {
        taken.completeExceptionally(new IllegalStateException("the pod has been released"));
        return taken;
      }
      ready = idle.poll();
      if (ready == null) {
        if (waiting.size() >= MOST_WAITING) {
          taken.completeExceptionally(
              new RejectedExecutionException(
                  waiting.size() + " connections of the pod wait for a socket already"));
          return taken;
        }
        waiting.add(taken);
      }
    }
    if (ready != null) {
      taken.complete(ready);
    }
    leaseIfLow();
    return taken;
  }

  /** Gives most of what rests back, if nobody took a socket since the last call. */
  void trim() {
    List<Descriptor> surplus = new ArrayList<>();
    synchronized (this) {
      if (!used) {
        batch = FIRST_BATCH;
        while (idle.size() > FIRST_BATCH) {
          surplus.add(idle.remove());
        }
      }
      used = false;
    }
    surplus.forEach(Descriptor::close);
  }

  /** Closes what rests and fails who waits. */
  void close() {
    List<Descriptor> rest;
    List<CompletableFuture<Descriptor>> disappointed;
    synchronized (this) {
      closed = true;
      rest = new ArrayList<>(idle);
      idle.clear();
      disappointed = new ArrayList<>(waiting);
      waiting.clear();
    }
    rest.forEach(Descriptor::close);
    fail(disappointed, new IllegalStateException("the pod has been released"));
  }

  private void leaseIfLow() {
    int count;
    synchronized (this) {
      if (leasing || closed || idle.size() > batch / 4) {
        return;
      }
      leasing = true;
      count = Math.clamp(Math.max(batch, waiting.size()), FIRST_BATCH, LARGEST_BATCH);
      batch = Math.min(2 * batch, LARGEST_BATCH);
    }
    try {
      lessor.lease(family, count).whenComplete(this::leased);
    } catch (RejectedExecutionException ending) {
      leased(null, ending);
    }
  }

  private void leased(@Nullable List<Descriptor> sockets, @Nullable Throwable failure) {
    if (sockets == null) {
      List<CompletableFuture<Descriptor>> disappointed;
      synchronized (this) {
        leasing = false;
        disappointed = new ArrayList<>(waiting);
        waiting.clear();
      }
      fail(
          disappointed,
          failure == null ? new IllegalStateException("no socket was leased") : failure);
      return;
    }
    metrics.leasedSockets.add(sockets.size());
    boolean more;
    synchronized (this) {
      leasing = false;
      idle.addAll(sockets);
      more = !waiting.isEmpty() && sockets.size() < waiting.size();
    }
    serve();
    if (more) {
      leaseIfLow();
    }
  }

  /** Hands out one by one, outside the lock, since whoever waits goes on right there. */
  private void serve() {
    while (true) {
      Descriptor socket;
      CompletableFuture<Descriptor> next;
      synchronized (this) {
        if (closed) {
          break;
        }
        if (waiting.isEmpty() || idle.isEmpty()) {
          return;
        }
        next = waiting.remove();
        socket = idle.remove();
      }
      if (!next.complete(socket)) {
        giveBack(socket);
      }
    }
    close();
  }

  private void giveBack(Descriptor socket) {
    boolean kept;
    synchronized (this) {
      kept = !closed;
      if (kept) {
        idle.add(socket);
      }
    }
    if (!kept) {
      socket.close();
    }
  }

  private static void fail(List<CompletableFuture<Descriptor>> waiting, Throwable failure) {
    waiting.forEach(next -> next.completeExceptionally(failure));
  }
}
