package io.weftmesh.proxy.http;

import io.weftmesh.policy.model.RetryPolicy;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.RetryBudget;
import io.weftmesh.proxy.balance.Tried;
import io.weftmesh.proxy.http.codec.Framing;
import io.weftmesh.proxy.http.codec.Head;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Whether one request is sent again, how often and when: what its policy lists, what the Service's
 * budget has left, and what the request's own time-out leaves. Confined to the loop of the request.
 */
final class Retries {
  /** For requests that are to be sent once. */
  static final RetryPolicy NONE =
      new RetryPolicy(0, Set.of(), false, RetryPolicy.Backoff.DEFAULT, RetryPolicy.Budget.DEFAULT);

  /** A retry that is not made. */
  static final long NO_RETRY = -1;

  private final HttpProxy proxy;
  private final String method;
  private final String service;
  private final TimeLimits limits;
  private RetryPolicy policy = NONE;
  private @Nullable RetryBudget budget;
  private String backend = "";
  private @Nullable Tried tried;
  private int count;

  Retries(HttpProxy proxy, String method, String service, TimeLimits limits) {
    this.proxy = proxy;
    this.method = method;
    this.service = service;
    this.limits = limits;
  }

  /**
   * What holds for the request.
   *
   * @param newBudget of the Service, null for none
   */
  void hold(RetryPolicy newPolicy, @Nullable RetryBudget newBudget, String newBackend) {
    policy = newPolicy;
    budget = newBudget;
    backend = newBackend;
  }

  /**
   * The endpoints that it was sent to; null for none.
   *
   * @see #failedAt
   */
  @Nullable Tried tried() {
    return tried;
  }

  void failedAt(Endpoint endpoint) {
    if (tried == null) {
      tried = new Tried();
    }
    tried.add(endpoint);
  }

  /**
   * Whether the policy lists what an endpoint answered. A {@code grpc-status} is looked at where it
   * comes with the head, because nothing was answered before it; to list it is to opt in.
   */
  boolean lists(Head answer, Framing framing) {
    if (mayRepeat() && policy.statusCodes().contains(answer.status())) {
      return true;
    }
    if (policy.grpcStatuses().isEmpty() || !framing.isEmpty()) {
      return false;
    }
    int status = number(answer.value("grpc-status"));
    return status >= 0 && policy.grpcStatuses().contains(status);
  }

  /** Whether a try that took too long may be followed by another. */
  boolean afterTimeOut() {
    return mayRepeat() && policy.statusCodes().contains(504);
  }

  /** Whether a try that was broken off, perhaps half done, may be followed by another. */
  boolean afterReset() {
    return Methods.isSafe(method) || (policy.onReset() && mayRepeat());
  }

  /**
   * Takes a retry out of the budget, if there may be one.
   *
   * @param answer what the endpoint said, whose {@code Retry-After} is waited for; null if nothing
   * @return the pause before it, or {@link #NO_RETRY}
   */
  long take(RetryReason reason, @Nullable Head answer) {
    if (count >= policy.attempts()) {
      return NO_RETRY;
    }
    long pauseNanos = Backoff.nanos(policy.backoff(), count + 1, proxy.random());
    if (answer != null) {
      long asked = TimeUnit.SECONDS.toNanos(Math.max(0, number(answer.value("retry-after"))));
      if (asked > policy.maxRetryAfter().toNanos()) {
        return NO_RETRY;
      }
      pauseNanos = Math.max(pauseNanos, asked);
    }
    if (!limits.allows(pauseNanos)) {
      return NO_RETRY;
    }
    RetryBudget shared = budget;
    if (shared != null && !shared.tryRetry()) {
      proxy.metrics().budgetExhausted(service).increment();
      return NO_RETRY;
    }
    count++;
    count(reason);
    return pauseNanos;
  }

  /** Counts a request that is sent again; done by {@link #take}. */
  void count(RetryReason reason) {
    proxy.metrics().retries(service, backend, reason).increment();
  }

  private boolean mayRepeat() {
    return policy.nonIdempotent() || Methods.isIdempotent(method);
  }

  /**
   * A number of at most nine digits, or -1. A {@code Retry-After} that is a date says nothing here:
   * clocks differ by more than anybody would wait.
   */
  private static int number(@Nullable String text) {
    if (text == null || text.isEmpty() || text.length() > 9) {
      return -1;
    }
    int number = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < '0' || c > '9') {
        return -1;
      }
      number = number * 10 + (c - '0');
    }
    return number;
  }
}
