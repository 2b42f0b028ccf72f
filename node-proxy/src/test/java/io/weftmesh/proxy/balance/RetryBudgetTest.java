package io.weftmesh.proxy.balance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RetryBudgetTest {
  private final ManualTicker ticker = new ManualTicker();

  @Test
  void allowsAFifthOfTheRequestsOverTheWindow() {
    var budget = budget(0.2, 0, 10);
    requests(budget, 100);

    assertThat(retriesGranted(budget)).isEqualTo(20);
  }

  @Test
  void allowsSomePerSecondWithoutAnyTraffic() {
    assertThat(retriesGranted(budget(0.2, 10, 10))).isEqualTo(100);
    assertThat(retriesGranted(budget(0.2, 1, 5))).isEqualTo(5);
    assertThat(retriesGranted(budget(0.2, 0, 5))).isZero();
  }

  @Test
  void aRefusedRetryCostsNothing() {
    var budget = budget(0.1, 0, 10);
    requests(budget, 10);
    assertThat(retriesGranted(budget)).isEqualTo(1);
    for (int i = 0; i < 100; i++) {
      assertThat(budget.tryRetry()).isFalse();
    }

    requests(budget, 10);

    assertThat(retriesGranted(budget)).isEqualTo(1);
  }

  @Test
  void forgetsRequestsAndRetriesAfterTheWindow() {
    var budget = budget(0.2, 0, 10);
    requests(budget, 100);
    assertThat(retriesGranted(budget)).isEqualTo(20);

    ticker.advance(Duration.ofSeconds(11));

    assertThat(budget.left()).isZero();
    requests(budget, 50);
    assertThat(retriesGranted(budget)).isEqualTo(10);
  }

  @Test
  void slidesInsteadOfStartingAnewWithEachWindow() {
    var budget = budget(0, 10, 10);
    assertThat(retriesGranted(budget)).isEqualTo(100);

    ticker.advance(Duration.ofSeconds(9));
    assertThat(retriesGranted(budget)).isZero();

    ticker.advance(Duration.ofSeconds(1));
    assertThat(retriesGranted(budget)).isEqualTo(100);
  }

  @Test
  void boundsRetriesUnderAnOutageToTheRatioPlusTheReserve() {
    var budget = new RetryBudget(RetryBudget.Terms.DEFAULT, ticker);
    int granted = 0;
    int seconds = 60;
    for (int tick = 0; tick < seconds * 1000; tick++) {
      budget.request();
      if (budget.tryRetry()) {
        granted++;
      }
      ticker.advance(Duration.ofMillis(1));
    }

    // 1,000 requests a second, all failing: 20 % and 10 more a second, and once the first window.
    assertThat(granted).isBetween(210 * seconds - 500, 210 * seconds + 300);
  }

  @Test
  void aLongSilenceOrATickerThatStartsBelowZeroDoesNotConfuseIt() {
    ticker.advance(Duration.ofDays(-3));
    var budget = budget(0.5, 0, 10);
    requests(budget, 10);
    assertThat(budget.left()).isEqualTo(5);

    ticker.advance(Duration.ofDays(5));

    assertThat(budget.left()).isZero();
    requests(budget, 10);
    assertThat(budget.left()).isEqualTo(5);
  }

  @Test
  void refusesTermsThatMakeNoSense() {
    assertThatThrownBy(() -> new RetryBudget.Terms(-1, 10, Duration.ofSeconds(10)))
        .hasMessageContaining("-1.0");
    assertThatThrownBy(() -> new RetryBudget.Terms(Double.NaN, 10, Duration.ofSeconds(10)))
        .hasMessageContaining("NaN");
    assertThatThrownBy(() -> new RetryBudget.Terms(0.2, 10, Duration.ZERO))
        .hasMessageContaining("PT0S");
  }

  @Test
  void keepsOneBudgetPerServiceUntilItsTermsChange() {
    var budgets = new RetryBudgets<String>(ticker);
    RetryBudget first = budgets.of("shop/cart:80", 0.2, 10);

    assertThat(budgets.of("shop/cart:80", 0.2, 10)).isSameAs(first);
    assertThat(budgets.of("shop/cart:80", 0.5, 10)).isNotSameAs(first);
    assertThat(budgets.of("shop/stock:80", 0.2, 10)).isNotSameAs(first);
  }

  @Test
  void allRetriesOfAServiceAreCountedTogetherWhateverTheirTerms() {
    var budgets = new RetryBudgets<String>(ticker);
    requests(budgets.of("shop/cart", 0.2, 0), 100);
    assertThat(retriesGranted(budgets.of("shop/cart", 0.2, 0))).isEqualTo(20);

    // Two routes to one Service with terms of their own, in turns.
    for (int i = 0; i < 100; i++) {
      assertThat(budgets.of("shop/cart", 0.1, 0).tryRetry()).isFalse();
      assertThat(budgets.of("shop/cart", 0.2, 0).tryRetry()).isFalse();
    }
    assertThat(retriesGranted(budgets.of("shop/cart", 0.5, 0))).isEqualTo(30);
  }

  private RetryBudget budget(double ratio, double perSecond, long seconds) {
    return new RetryBudget(
        new RetryBudget.Terms(ratio, perSecond, Duration.ofSeconds(seconds)), ticker);
  }

  private static void requests(RetryBudget budget, int count) {
    for (int i = 0; i < count; i++) {
      budget.request();
    }
  }

  private static int retriesGranted(RetryBudget budget) {
    int granted = 0;
    while (budget.tryRetry()) {
      granted++;
    }
    return granted;
  }
}
