package io.weftmesh.policy.compile;

import io.weftmesh.policy.model.RequestPolicy;
import io.weftmesh.policy.model.RetryPolicy;
import io.weftmesh.policy.model.RetryPolicy.Backoff;
import io.weftmesh.policy.model.Timeouts;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What one rule of a route says of timeouts and retries; null where it is silent.
 *
 * @param request the whole request
 * @param perTry {@code backendRequest}
 */
record RouteSettings(@Nullable Duration request, @Nullable Duration perTry, @Nullable Retry retry) {
  static final RouteSettings SILENT = new RouteSettings(null, null, null);

  /**
   * A retry stanza (GEP-1731).
   *
   * @param codes none: only what was never sent is retried
   * @param backoff the shortest pause before any retry
   */
  record Retry(@Nullable Integer attempts, Set<Integer> codes, @Nullable Duration backoff) {}

  /** What holds for the rule, where {@code policy} holds for the Service that is called. */
  RequestPolicy over(RequestPolicy policy) {
    Timeouts timeouts = policy.timeouts();
    return new RequestPolicy(
        new Timeouts(
            request == null ? timeouts.request() : request,
            perTry == null ? timeouts.perTry() : perTry),
        retry == null ? policy.retries() : retries(retry, policy.retries()),
        policy.fault(),
        policy.rateLimit());
  }

  private static RetryPolicy retries(Retry own, RetryPolicy policy) {
    return new RetryPolicy(
        own.attempts() == null ? policy.attempts() : own.attempts(),
        own.codes(),
        policy.grpcStatuses(),
        policy.onReset(),
        policy.nonIdempotent(),
        own.backoff() == null ? policy.backoff() : noShorterThan(own.backoff(), policy.backoff()),
        policy.maxRetryAfter(),
        policy.budget());
  }

  /** A pause is shortened at random by up to half: twice the backoff never comes out below it. */
  private static Backoff noShorterThan(Duration pause, Backoff policy) {
    Duration base = pause.multipliedBy(2);
    return new Backoff(base, base.compareTo(policy.max()) > 0 ? base : policy.max());
  }
}
