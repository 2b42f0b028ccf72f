package io.weftmesh.proxy.balance;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The retry budgets of all Services. Thread-safe.
 *
 * @param <K> what names a Service
 */
public final class RetryBudgets<K> {
  private static final Duration WINDOW = RetryBudget.Terms.DEFAULT.window();

  private final Map<K, RetryBudget> byService = new ConcurrentHashMap<>();
  private final LongSupplier ticker;

  /**
   * @param ticker monotonic nanoseconds
   */
  public RetryBudgets(LongSupplier ticker) {
    this.ticker = ticker;
  }

  /**
   * The budget of a Service over ten seconds. The terms may differ from request to request, as
   * routes have their own; what is counted is the Service's.
   */
  public RetryBudget of(K service, double ratio, double perSecond) {
    RetryBudget budget = byService.get(service);
    return budget != null && hasTerms(budget, ratio, perSecond)
        ? budget
        : byService.compute(service, (name, known) -> next(known, ratio, perSecond));
  }

  private RetryBudget next(@Nullable RetryBudget known, double ratio, double perSecond) {
    if (known == null) {
      return new RetryBudget(new RetryBudget.Terms(ratio, perSecond, WINDOW), ticker);
    }
    return hasTerms(known, ratio, perSecond) ? known : known.with(ratio, perSecond);
  }

  private static boolean hasTerms(RetryBudget budget, double ratio, double perSecond) {
    return budget.terms().ratio() == ratio && budget.terms().perSecond() == perSecond;
  }

  /** Forgets the Services that no snapshot has any more. */
  public void retain(Set<K> services) {
    byService.keySet().retainAll(services);
  }
}
