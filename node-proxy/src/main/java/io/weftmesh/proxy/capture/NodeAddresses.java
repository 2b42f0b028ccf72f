package io.weftmesh.proxy.capture;

import java.net.InetAddress;
import java.util.Collection;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * The node's own addresses, from which the kubelet probes. Asked on event loops; told on the
 * redirector's thread.
 */
public final class NodeAddresses {
  /** A stranger that connects again and again must not have the redirector asked each time. */
  private static final long REFRESH_PAUSE_NANOS = 5_000_000_000L;

  private final LongSupplier nanoClock;
  private volatile Set<InetAddress> addresses = Set.of();
  private volatile Runnable refresh = () -> {};
  private volatile long refreshedAtNanos;

  /** Knows no address yet. */
  public NodeAddresses(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
    this.refreshedAtNanos = nanoClock.getAsLong() - REFRESH_PAUSE_NANOS;
  }

  /**
   * Whether a connection from this address comes from the node itself. Never blocks: for an address
   * that isn't known the node is asked anew, and a probe that is refused now is admitted the next
   * time.
   */
  public boolean contains(InetAddress address) {
    if (addresses.contains(address)) {
      return true;
    }
    long now = nanoClock.getAsLong();
    if (now - refreshedAtNanos >= REFRESH_PAUSE_NANOS) {
      refreshedAtNanos = now;
      refresh.run();
    }
    return false;
  }

  void set(Collection<InetAddress> now) {
    addresses = Set.copyOf(now);
  }

  /**
   * @param refresh asks the node for its addresses without blocking, and then calls {@link #set}
   */
  void onUnknown(Runnable refresh) {
    this.refresh = refresh;
  }
}
