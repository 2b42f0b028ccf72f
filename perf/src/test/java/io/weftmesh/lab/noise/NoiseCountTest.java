package io.weftmesh.lab.noise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class NoiseCountTest {
  private static final NoiseCount ONE = new NoiseCount(1_000_000_000L, 1, 2, 3, 4, 5);
  private static final NoiseCount LATER =
      new NoiseCount(3_000_000_000L, 2_500_000_001L, 4_002, 13, 24, 5);

  @Test
  void theLastLineOfALogCounts() {
    String log = "WARNING: ...\n" + ONE.line() + "\nbulk: broken\n" + LATER.line() + "\nnoise 12 3";

    assertThat(NoiseCount.last(log)).isEqualTo(LATER);
  }

  @Test
  void aLogWithoutACountIsShown() {
    assertThatThrownBy(() -> NoiseCount.last("no such class"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("no such class");
  }

  @Test
  void ratesAreThoseOfTheTimeBetweenTwoCounts() {
    assertThat(LATER.since(ONE))
        .hasToString(
            "10.0 Gbit/s, 2000 connections/s, 5 large heads/s taken and 10 refused, 0.0"
                + " failures/s");
  }

  @Test
  void twoProgramsOfAPodAreCountedTogether() {
    assertThat(ONE.and(new NoiseCount(1_100_000_000L, 10, 20, 30, 40, 50)))
        .isEqualTo(new NoiseCount(1_000_000_000L, 11, 22, 33, 44, 55));
  }
}
