package io.weftmesh.policy.model;

import java.time.Duration;
import java.util.Set;

/**
 * When a request is tried again, on another endpoint. What was never sent (connection failed,
 * stream refused, pooled connection stale) is always retried within {@code attempts} and the
 * budget; the rest only as far as opted in, and never after a byte of the answer was passed on.
 *
 * @param attempts retries, not tries; 0 is none at all
 * @param statusCodes answers that are retried
 * @param grpcStatuses numbers in {@code grpc-status} that are retried, as long as the answer has no
 *     body; to list them is to opt in, since every gRPC call is a POST
 * @param onReset whether a request is retried whose connection or stream broke before an answer
 * @param nonIdempotent whether requests of methods that are not idempotent are retried on status
 *     codes and resets as well
 * @param backoff the pause before a retry
 * @param maxRetryAfter the longest {@code Retry-After} that is waited for; an answer that asks for
 *     more is passed on
 * @param budget the bound for all retries of the Service together
 */
public record RetryPolicy(
    int attempts,
    Set<Integer> statusCodes,
    Set<Integer> grpcStatuses,
    boolean onReset,
    boolean nonIdempotent,
    Backoff backoff,
    Duration maxRetryAfter,
    Budget budget) {

  /** Retry-After speaks in whole seconds: one or two are worth a wait. */
  private static final Duration DEFAULT_RETRY_AFTER = Duration.ofSeconds(2);

  public static final RetryPolicy DEFAULT =
      new RetryPolicy(3, Set.of(), false, Backoff.DEFAULT, Budget.DEFAULT);

  public RetryPolicy {
    statusCodes = Set.copyOf(statusCodes);
    grpcStatuses = Set.copyOf(grpcStatuses);
  }

  /** Retries by status codes alone. */
  public RetryPolicy(
      int attempts,
      Set<Integer> statusCodes,
      boolean nonIdempotent,
      Backoff backoff,
      Budget budget) {
    this(
        attempts,
        statusCodes,
        Set.of(),
        false,
        nonIdempotent,
        backoff,
        DEFAULT_RETRY_AFTER,
        budget);
  }

  /**
   * The pause before the n-th retry: random between half of and all of {@code base * 2^(n-1)},
   * bounded by {@code max}.
   */
  public record Backoff(Duration base, Duration max) {
    public static final Backoff DEFAULT =
        new Backoff(Duration.ofMillis(25), Duration.ofMillis(250));
  }

  /**
   * Retries may be this share of the requests of the last ten seconds, and some per second on top.
   *
   * @param ratio retries per request: 0.2 is one for five requests
   */
  public record Budget(double ratio, double perSecond) {
    public static final Budget DEFAULT = new Budget(0.2, 10);
  }
}
