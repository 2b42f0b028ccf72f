package io.weftmesh.proxy.balance;

import org.jspecify.annotations.Nullable;

/**
 * An endpoint chosen for one request, or for one TCP connection; counts as load on it until closed.
 * Exactly one of the outcomes is told when it is known, then {@link #close} when all is over. Not
 * thread-safe: it belongs to the loop of the request.
 */
public final class Pick implements AutoCloseable {
  private final Node node;
  private final Balancer balancer;
  private final Outlier.@Nullable Ejection probe;
  private long startNanos;
  private boolean told;
  private boolean closed;

  /**
   * @param probe what it holds of an ejected endpoint, if it decides whether that may come back
   */
  Pick(Node node, Balancer balancer, Outlier.@Nullable Ejection probe, long startNanos) {
    this.node = node;
    this.balancer = balancer;
    this.probe = probe;
    this.startNanos = startNanos;
  }

  public Endpoint endpoint() {
    return node.endpoint;
  }

  /** It has waited until now for reasons that are not the endpoint's, whose time begins here. */
  public void waited() {
    startNanos = balancer.nanos();
  }

  /** The first sign of a good answer is here: a response head, or an established connection. */
  public void answered() {
    if (tell()) {
      long now = balancer.nanos();
      node.latency.answered(now - startNanos, now);
      node.reached(now);
      balancer.outliers().good(node, probe, now);
    }
  }

  /** The answer is an error of the endpoint's own making (a 5xx, say). */
  public void failed() {
    if (tell()) {
      long now = balancer.nanos();
      node.latency.failed(now - startNanos, now);
      node.reached(now);
      bad(now);
    }
  }

  /** The endpoint could not be reached, or broke off before it answered. */
  public void unreachable() {
    if (tell()) {
      long now = balancer.nanos();
      node.latency.unreachable(now - startNanos, now);
      node.unreachable(now);
      bad(now);
    }
  }

  /** The endpoint had all the time that a try is given, and did not answer. */
  public void timedOut() {
    if (tell()) {
      long now = balancer.nanos();
      node.latency.abandoned(now - startNanos, now);
      bad(now);
    }
  }

  /** What went wrong had nothing to do with the endpoint. */
  public void untried() {
    if (tell()) {
      balancer.outliers().noOutcome(node, probe, balancer.nanos());
    }
  }

  /**
   * Ends the load on the endpoint. Without an outcome told before, the request was given up by the
   * caller, and the time waited so far counts if it is worse than what is known.
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
      balancer.outliers().noOutcome(node, probe, now);
    }
    node.inHand.decrementAndGet();
  }

  private void bad(long nowNanos) {
    node.failures.add(nowNanos);
    balancer.outliers().bad(node, probe, nowNanos);
  }

  private boolean tell() {
    if (told) {
      return false;
    }
    told = true;
    return true;
  }
}
