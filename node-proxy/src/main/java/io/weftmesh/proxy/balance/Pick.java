package io.weftmesh.proxy.balance;

/**
 * An endpoint chosen for one request, or for one TCP connection; counts as load on it until closed.
 * Exactly one of the outcomes is told when it is known, then {@link #close} when all is over. Not
 * thread-safe: it belongs to the loop of the request.
 */
public final class Pick implements AutoCloseable {
  private final Balancer.Node node;
  private final Balancer balancer;
  private final long startNanos;
  private boolean told;
  private boolean closed;

  Pick(Balancer.Node node, Balancer balancer, long startNanos) {
    this.node = node;
    this.balancer = balancer;
    this.startNanos = startNanos;
  }

  public Endpoint endpoint() {
    return node.endpoint;
  }

  /** The first sign of a good answer is here: a response head, or an established connection. */
  public void answered() {
    if (tell()) {
      long now = balancer.nanos();
      node.latency.answered(now - startNanos, now);
      node.reached(now);
    }
  }

  /** The answer is an error of the endpoint's own making (a 5xx, say). */
  public void failed() {
    if (tell()) {
      long now = balancer.nanos();
      node.latency.failed(now - startNanos, now);
      node.reached(now);
    }
  }

  /** The endpoint could not be reached, or broke off before it answered. */
  public void unreachable() {
    if (tell()) {
      long now = balancer.nanos();
      node.latency.unreachable(now - startNanos, now);
      node.unreachable(now);
    }
  }

  /** What went wrong had nothing to do with the endpoint. */
  public void untried() {
    tell();
  }

  /**
   * Ends the load on the endpoint. Without an outcome told before, the request was given up, by the
   * caller or by a timeout, and the time waited so far counts if it is worse than what is known.
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (tell()) {
      long now = balancer.nanos();
      node.latency.abandoned(now - startNanos, now);
    }
    node.finished();
  }

  private boolean tell() {
    if (told) {
      return false;
    }
    told = true;
    return true;
  }
}
