package io.weftmesh.proxy.balance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class LimitTest {
  @Test
  void refusesBeyondItsMaximumAndCountsTheRefusals() {
    var limit = new Limit(2);
    Limit.Guard first = limit.tryAcquire();
    assertThat(limit.tryAcquire()).isNotNull();

    assertThat(limit.tryAcquire()).isNull();
    assertThat(limit.refused()).isEqualTo(1);

    first.close();
    assertThat(limit.held()).isEqualTo(1);
    assertThat(limit.tryAcquire()).isNotNull();
  }

  @Test
  void aGuardClosedTwiceGivesBackOnePlace() {
    var limit = new Limit(3);
    Limit.Guard guard = limit.tryAcquire();
    assertThat(limit.tryAcquire()).isNotNull();

    guard.close();
    guard.close();

    assertThat(limit.held()).isEqualTo(1);
  }

  @Test
  void refusesToBeMadeWithoutAnyPlace() {
    assertThatThrownBy(() -> new Limit(0)).hasMessageContaining("limit 0");
  }

  @Test
  void neverAdmitsMoreThanItsMaximumUnderContention() throws Exception {
    var limit = new Limit(3);
    var inside = new AtomicInteger();
    var worst = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 8; t++) {
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int i = 0; i < 20_000; i++) {
                  try (Limit.Guard guard = limit.tryAcquire()) {
                    if (guard != null) {
                      worst.accumulateAndGet(inside.incrementAndGet(), Math::max);
                      inside.decrementAndGet();
                    }
                  }
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }

    assertThat(worst.get()).isBetween(1, 3);
    assertThat(limit.held()).isZero();
  }
}
