package io.weftmesh.proxy.tunnel;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The streams of one HTTP/2 connection that have something to write and must wait: for room in a
 * window or the socket, or for their next turn. They go on in the order in which they came, in a
 * turn of their own: room is announced in the middle of the flow controller's work, where nothing
 * may be written. Confined to the connection's event loop.
 *
 * @param <S> a stream
 */
public final class StalledStreams<S> {
  private final Executor loop;
  private final Predicate<S> mayGoOn;
  private final Consumer<S> goOn;
  private final Set<S> stalled = new LinkedHashSet<>();
  private final LinkedHashSet<S> due = new LinkedHashSet<>();
  private boolean scheduled;

  /**
   * @param mayGoOn whether a stream has room, or nothing more to wait for
   * @param goOn has it write
   */
  public StalledStreams(Executor loop, Predicate<S> mayGoOn, Consumer<S> goOn) {
    this.loop = loop;
    this.mayGoOn = mayGoOn;
    this.goOn = goOn;
  }

  /** It has found no room, and goes on when there is some. */
  public void add(S stream) {
    stalled.add(stream);
  }

  /** It is gone. */
  public void remove(S stream) {
    stalled.remove(stream);
    due.remove(stream);
  }

  /** It goes on after the others that wait for their turn. */
  public void later(S stream) {
    due.add(stream);
    if (!scheduled) {
      scheduled = true;
      loop.execute(this::run);
    }
  }

  /** The flow controller says that it can be written to, or can't. */
  public void onWritability(S stream) {
    if (mayGoOn.test(stream) && stalled.remove(stream)) {
      later(stream);
    }
  }

  /**
   * The socket has room again. The flow controller compares the writability of now with what it
   * knew. Netty may tell of a change late, when the socket has become full and empty again: then it
   * sees no difference, and whoever found it full in between would wait forever.
   */
  public void onChannelWritable() {
    stalled.removeIf(stream -> {
      boolean free = mayGoOn.test(stream);
      if (free) {
        later(stream);
      }
      return free;
    });
  }

  private void run() {
    scheduled = false;
    for (int waiting = due.size(); waiting > 0 && !due.isEmpty(); waiting--) {
      goOn.accept(due.removeFirst());
    }
    if (!due.isEmpty() && !scheduled) {
      scheduled = true;
      loop.execute(this::run);
    }
  }
}
