package io.weftmesh.policy.model;

import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The choice among weighted backends: smooth, so that a run of 500 draws is within one point of the
 * weights, where independent random draws would often be four off.
 *
 * <p>Each draw takes the next point of an additive sequence around a circle, in steps of the golden
 * section, and the backends own arcs of the circle as long as their weights. Of all such steps this
 * one leaves the smallest gaps and bunches: any arc is hit by {@code n} successive points {@code n}
 * times its length, give or take two or so [1]. The circle is the 64 bits of a long; the arcs are
 * found by the high half of a 128-bit product, so nothing is rounded.
 *
 * <p>The usual smooth weighted round robin is not used: it repeats after as many draws as the
 * weights add up to, so that a client that sends two kinds of requests in turn through a 50/50
 * split would have each kind go to one backend only. And it needs a lock.
 *
 * <p>Weights count over all backends, not just those that can be reached: the share of one that
 * can't must not fall on the others.
 *
 * <p>Thread-safe. Two draws are equal when their backends are; an equal one must be kept in place
 * of a new one, so that the sequence goes on. The first point is random, so that many draws made
 * anew do not favour the first backend.
 *
 * <p>[1] Knuth, "The Art of Computer Programming", vol. 3, 6.4, theorem S and exercise 9; Kuipers
 * and Niederreiter, "Uniform Distribution of Sequences", 1974, chapter 2.
 */
public final class WeightedDraw {
  /** 2^64 divided by the golden ratio, made odd so that all points are met. */
  private static final long GOLDEN_STEP = 0x9E3779B97F4A7C15L;

  private final List<WeightedBackend> backends;
  private final long[] ends;
  private final long total;
  private final AtomicLong point;

  public WeightedDraw(List<WeightedBackend> backends) {
    this(backends, ThreadLocalRandom.current().nextLong());
  }

  /**
   * @param start where on the circle the draws begin
   */
  WeightedDraw(List<WeightedBackend> backends, long start) {
    this.backends = List.copyOf(backends);
    this.ends = new long[backends.size()];
    long sum = 0;
    for (int i = 0; i < ends.length; i++) {
      sum += backends.get(i).weight();
      ends[i] = sum;
    }
    this.total = sum;
    this.point = new AtomicLong(start);
  }

  /** A draw that always gives the one backend. */
  public static WeightedDraw always(Backend backend) {
    return new WeightedDraw(List.of(new WeightedBackend(backend, 1)));
  }

  /** The next backend; null if no backend has a weight, which is answered with 500. */
  public @Nullable WeightedBackend next() {
    if (total == 0) {
      return null;
    }
    if (ends.length == 1) {
      return backends.getFirst();
    }
    long position = Math.unsignedMultiplyHigh(point.getAndAdd(GOLDEN_STEP), total);
    int i = 0;
    while (ends[i] <= position) {
      i++;
    }
    return backends.get(i);
  }

  /** The backends with their weights, as written. */
  public List<WeightedBackend> backends() {
    return backends;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof WeightedDraw draw && draw.backends.equals(backends);
  }

  @Override
  public int hashCode() {
    return backends.hashCode();
  }

  @Override
  public String toString() {
    return backends.toString();
  }
}
