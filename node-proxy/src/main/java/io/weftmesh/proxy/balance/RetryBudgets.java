package io.weftmesh.proxy.balance;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/** The retry budgets of all Services, by {@code namespace/service:port}. Thread-safe. */
public final class RetryBudgets {
  private final Map<String, RetryBudget> byService = new ConcurrentHashMap<>();
  private final LongSupplier ticker;

  /**
   * @param ticker monotonic nanoseconds
   */
  public RetryBudgets(LongSupplier ticker) {
    this.ticker = ticker;
  }

  /** The budget of a Service; with new terms a new one, which starts with an empty window. */
  public RetryBudget of(String service, RetryBudget.Terms terms) {
    RetryBudget budget = byService.get(service);
    return budget != null && budget.terms().equals(terms)
        ? budget
        : byService.compute(
            service,
            (name, known) ->
                known != null && known.terms().equals(terms)
                    ? known
                    : new RetryBudget(terms, ticker));
  }

  /** Forgets the Services that no snapshot has any more. */
  public void retain(Set<String> services) {
    byService.keySet().retainAll(services);
  }
}
