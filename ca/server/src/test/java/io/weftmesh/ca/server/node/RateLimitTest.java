package io.weftmesh.ca.server.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RateLimitTest {
  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 1000);
  private final RateLimit rate = new RateLimit(now::get);

  private int takeAll(String node) {
    int taken = 0;
    try {
      while (true) {
        rate.take(node);
        taken++;
      }
    } catch (RefusedException e) {
      assertThat(e.refusal()).isEqualTo(Refusal.RATE_LIMITED);
    }
    return taken;
  }

  @Test
  void allowsAStartAndThenARate() {
    assertThat(takeAll("node-a")).isEqualTo(RateLimit.DEPTH);
    now.addAndGet(TimeUnit.SECONDS.toNanos(3));
    assertThat(takeAll("node-a")).isEqualTo(3 * RateLimit.PER_SECOND);
    now.addAndGet(TimeUnit.HOURS.toNanos(3));
    assertThat(takeAll("node-a")).isEqualTo(RateLimit.DEPTH);
  }

  @Test
  void aFloodOfOneNodeDoesNotTouchAnother() {
    takeAll("node-a");

    assertThatCode(() -> rate.take("node-b")).doesNotThrowAnyException();
    assertThatThrownBy(() -> rate.take("node-a")).hasMessageContaining("node node-a asks for more");
  }

  @Test
  void forgetsNoFloodWhenManyNodesCome() throws Exception {
    takeAll("node-a");
    for (int i = 0; i < 5000; i++) {
      rate.take("node-" + i);
      now.addAndGet(1000);
    }
    assertThatThrownBy(() -> rate.take("node-a")).isInstanceOf(RefusedException.class);
  }
}
