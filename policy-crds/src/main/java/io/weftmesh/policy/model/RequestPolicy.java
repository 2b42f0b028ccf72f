package io.weftmesh.policy.model;

/** What holds for the requests of a rule, wherever they go. */
public record RequestPolicy(Timeouts timeouts, RetryPolicy retries) {
  /** What holds where nobody says anything. */
  public static final RequestPolicy DEFAULT = new RequestPolicy(Timeouts.NONE, RetryPolicy.DEFAULT);
}
