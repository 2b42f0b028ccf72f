package io.weftmesh.proxy.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.RateLimit;
import io.weftmesh.policy.model.RateLimit.Rate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RateLimiterTest {
  private static final Duration SECOND = Duration.ofSeconds(1);

  private final ManualTicker ticker = new ManualTicker();

  @Test
  void letsABurstThroughAndThenTheRate() {
    RateLimiter limiter = total(new Rate(10, SECOND, 25));

    assertThat(passed(limiter, "", 100)).isEqualTo(25);
    ticker.advance(Duration.ofSeconds(1));
    assertThat(passed(limiter, "", 100)).isEqualTo(10);
    ticker.advance(Duration.ofMillis(150));
    assertThat(passed(limiter, "", 100)).isEqualTo(1);
    ticker.advance(Duration.ofHours(1));
    assertThat(passed(limiter, "", 100)).isEqualTo(25);
  }

  @Test
  void holdsTheRateOverAMinuteOfTooManyRequests() {
    RateLimiter limiter = total(new Rate(100, SECOND, 100));
    int passed = 0;
    for (int i = 0; i < 60_000; i++) {
      passed += limiter.tryPass("") == 0 ? 1 : 0;
      ticker.advance(Duration.ofMillis(1));
    }

    assertThat(passed).isBetween(6_095, 6_100);
  }

  @ParameterizedTest
  @CsvSource({
    "1, PT1S, 1, 1",
    "10, PT1S, 1, 1",
    "1, PT1M, 1, 60",
    "40, PT1M, 1, 2",
    "1, PT1H, 3, 3600",
    "1000000, PT1S, 1, 1"
  })
  void tellsAfterHowManySecondsToComeAgain(int requests, Duration per, int burst, long seconds) {
    RateLimiter limiter = total(new Rate(requests, per, burst));
    passed(limiter, "", burst);

    assertThat(limiter.tryPass("")).isEqualTo(seconds);
    ticker.advance(Duration.ofSeconds(seconds));
    assertThat(limiter.tryPass("")).isZero();
  }

  @Test
  void eachIdentityHasItsOwnBucketAndThoseWithoutShareOne() {
    RateLimiter limiter = perIdentity(new Rate(1, SECOND, 2));

    assertThat(passed(limiter, "spiffe://mesh/ns/shop/sa/web", 10)).isEqualTo(2);
    assertThat(passed(limiter, "spiffe://mesh/ns/shop/sa/cart", 10)).isEqualTo(2);
    assertThat(passed(limiter, "", 10)).isEqualTo(2);
  }

  @Test
  void aRefusalByTheTotalCostsTheIdentityNothing() {
    var limiter =
        new RateLimiter(
            new RateLimit(
                "p",
                Optional.of(new Rate(1, Duration.ofMinutes(1), 1)),
                Optional.of(new Rate(1, Duration.ofHours(1), 2))),
            ticker);
    assertThat(limiter.tryPass("other")).isZero();
    for (int i = 0; i < 10; i++) {
      assertThat(limiter.tryPass("web")).isEqualTo(60);
    }

    ticker.advance(Duration.ofMinutes(1));
    assertThat(limiter.tryPass("web")).isZero();
    ticker.advance(Duration.ofMinutes(1));
    assertThat(limiter.tryPass("web")).isZero();
    ticker.advance(Duration.ofMinutes(1));
    assertThat(limiter.tryPass("web")).isGreaterThan(3000);
  }

  @Test
  void aRefusalByTheIdentityCostsTheOthersNothing() {
    var limiter =
        new RateLimiter(
            new RateLimit(
                "p",
                Optional.of(new Rate(5, Duration.ofMinutes(1), 5)),
                Optional.of(new Rate(1, Duration.ofMinutes(1), 1))),
            ticker);

    assertThat(passed(limiter, "greedy", 100)).isEqualTo(1);

    assertThat(limiter.tryPass("b") + limiter.tryPass("c") + limiter.tryPass("d")).isZero();
  }

  @Test
  void aFloodOfIdentitiesIsBoundedAndTheRestShareOneBucket() {
    RateLimiter limiter = perIdentity(new Rate(1, Duration.ofHours(1), 1));
    for (int i = 0; i < RateLimiter.MAX_IDENTITIES; i++) {
      assertThat(limiter.tryPass("id" + i)).isZero();
    }
    int passed = 0;
    for (int i = 0; i < 100; i++) {
      passed += limiter.tryPass("more" + i) == 0 ? 1 : 0;
    }

    assertThat(passed).isEqualTo(1);
    assertThat(limiter.identities()).isEqualTo(RateLimiter.MAX_IDENTITIES);
  }

  @Test
  void bucketsThatAreFullAgainMakeRoom() {
    RateLimiter limiter = perIdentity(new Rate(1, SECOND, 1));
    for (int i = 0; i < RateLimiter.MAX_IDENTITIES; i++) {
      limiter.tryPass("id" + i);
    }
    ticker.advance(Duration.ofSeconds(2));

    assertThat(limiter.tryPass("new")).isZero();

    assertThat(limiter.identities()).isEqualTo(1);
  }

  @Test
  void aTickerThatStartsBelowZeroOrWrapsDoesNotConfuseIt() {
    ticker.advance(Duration.ofNanos(Long.MAX_VALUE - 1_000_000));
    RateLimiter limiter = total(new Rate(10, SECOND, 5));
    assertThat(passed(limiter, "", 100)).isEqualTo(5);

    ticker.advance(SECOND);

    assertThat(passed(limiter, "", 100)).isEqualTo(5);
  }

  @Test
  void admitsNoMoreThanTheBurstFromManyThreads() throws Exception {
    RateLimiter limiter = total(new Rate(1, Duration.ofHours(1), 1000));
    var passed = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      threads.add(Thread.ofPlatform().start(() -> passed.addAndGet(passed(limiter, "", 1000))));
    }
    for (Thread thread : threads) {
      thread.join();
    }

    assertThat(passed.get()).isEqualTo(1000);
  }

  @Test
  void aPolicyKeepsItsLimiterUntilItsTermsChange() {
    var limiters = new RateLimiters(ticker);
    RateLimiter first = limiters.of(terms("a", 1));

    assertThat(limiters.of(terms("a", 1))).isSameAs(first);
    assertThat(limiters.of(terms("b", 1))).isNotSameAs(first);
    assertThat(limiters.of(terms("a", 2))).isNotSameAs(first);
    RateLimiter kept = limiters.of(terms("b", 1));
    limiters.retain(Set.of("b"));
    assertThat(limiters.of(terms("b", 1))).isSameAs(kept);
  }

  private static RateLimit terms(String policy, int requests) {
    return new RateLimit(
        policy, Optional.of(new Rate(requests, SECOND, requests)), Optional.empty());
  }

  private RateLimiter total(Rate rate) {
    return new RateLimiter(new RateLimit("p", Optional.of(rate), Optional.empty()), ticker);
  }

  private RateLimiter perIdentity(Rate rate) {
    return new RateLimiter(new RateLimit("p", Optional.empty(), Optional.of(rate)), ticker);
  }

  private static int passed(RateLimiter limiter, String identity, int requests) {
    int passed = 0;
    for (int i = 0; i < requests; i++) {
      passed += limiter.tryPass(identity) == 0 ? 1 : 0;
    }
    return passed;
  }
}
