package io.weftmesh.policy.model;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class WeightedDrawTest {
  private static final int RUN = 500;

  /** Whatever the weights and wherever the run begins. */
  @Test
  void everyRunOf500IsWithinOnePointOfTheWeights() {
    Random random = new Random(11);
    double worst = 0;
    for (int round = 0; round < 2000; round++) {
      List<WeightedBackend> backends = new ArrayList<>();
      int bound = List.of(3, 10, 100, WeightedBackend.MAX_WEIGHT).get(random.nextInt(4));
      for (int i = random.nextInt(5) + 1; i >= 0; i--) {
        backends.add(new WeightedBackend(backend("b" + i), random.nextInt(bound + 1)));
      }
      worst = Math.max(worst, worstShare(new WeightedDraw(backends, random.nextLong())));
    }
    assertThat(worst).isLessThanOrEqualTo(0.01);
  }

  @Test
  void runsOfUsualWeightsAreWithinHalfAPoint() {
    for (int first = 0; first <= 100; first += 5) {
      WeightedDraw draw = new WeightedDraw(weights(first, 100 - first));
      assertThat(worstShare(draw)).as("%d to %d", first, 100 - first).isLessThan(0.005);
    }
  }

  /** A client that alternates between two kinds of requests must not pin each to one backend. */
  @Test
  void everySecondDrawIsSplitAsWell() {
    WeightedDraw draw = new WeightedDraw(weights(50, 50));
    int first = 0;
    for (int i = 0; i < RUN; i++) {
      if (backend("a").equals(drawn(draw))) {
        first++;
      }
      drawn(draw);
    }
    assertThat(first / (double) RUN).isCloseTo(0.5, within(0.01));
  }

  @Test
  void manyDrawsMadeAnewDoNotFavourTheFirstBackend() {
    int first = 0;
    for (int i = 0; i < 4000; i++) {
      if (backend("a").equals(drawn(new WeightedDraw(weights(50, 50))))) {
        first++;
      }
    }
    assertThat(first / 4000.0).isCloseTo(0.5, within(0.05));
  }

  @Test
  void aWeightOfZeroIsNeverDrawn() {
    WeightedDraw draw = new WeightedDraw(weights(0, 1, 0));
    for (int i = 0; i < RUN; i++) {
      assertThat(drawn(draw)).isEqualTo(backend("b"));
    }
  }

  @Test
  void allWeightsZeroOrNoBackendsDrawNothing() {
    assertThat(new WeightedDraw(weights(0, 0)).next()).isNull();
    assertThat(new WeightedDraw(List.of()).next()).isNull();
  }

  @Test
  void threadsShareOneSequence() throws InterruptedException {
    WeightedDraw draw = new WeightedDraw(weights(90, 10));
    Map<Object, AtomicInteger> counts = new ConcurrentHashMap<>();
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 5; t++) {
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int i = 0; i < RUN / 5; i++) {
                  counts.computeIfAbsent(drawn(draw), b -> new AtomicInteger()).incrementAndGet();
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(counts.get(backend("b")).get()).isBetween(45, 55);
  }

  @Test
  void drawsAreEqualWhenTheirBackendsAre() {
    assertThat(new WeightedDraw(weights(1, 2))).isEqualTo(new WeightedDraw(weights(1, 2)));
    assertThat(new WeightedDraw(weights(1, 2))).isNotEqualTo(new WeightedDraw(weights(2, 1)));
  }

  private static Backend drawn(WeightedDraw draw) {
    return requireNonNull(draw.next()).backend();
  }

  private static double worstShare(WeightedDraw draw) {
    double total = draw.backends().stream().mapToLong(WeightedBackend::weight).sum();
    if (total == 0) {
      return 0;
    }
    int[] counts = new int[draw.backends().size()];
    List<Backend> backends = draw.backends().stream().map(WeightedBackend::backend).toList();
    for (int i = 0; i < RUN; i++) {
      counts[backends.indexOf(drawn(draw))]++;
    }
    double worst = 0;
    for (int i = 0; i < counts.length; i++) {
      double share = draw.backends().get(i).weight() / total;
      worst = Math.max(worst, Math.abs(counts[i] / (double) RUN - share));
    }
    return worst;
  }

  private static List<WeightedBackend> weights(int... weights) {
    List<WeightedBackend> backends = new ArrayList<>();
    for (int i = 0; i < weights.length; i++) {
      backends.add(new WeightedBackend(backend(String.valueOf((char) ('a' + i))), weights[i]));
    }
    return backends;
  }

  private static Backend backend(String name) {
    return new Backend.Service(new ServicePortKey("shop", name, 80));
  }
}
