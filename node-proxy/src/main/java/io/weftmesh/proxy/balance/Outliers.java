package io.weftmesh.proxy.balance;

import io.weftmesh.policy.model.OutlierEjection;
import java.util.Arrays;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * Ejects endpoints that fail, but never too many.
 *
 * <p>One endpoint is judged by itself alone: so many failures in a row, or too small a share of
 * good answers over a window. It is not compared with the others as Envoy does by standard
 * deviation: whoever reads a policy should know what it takes.
 *
 * <p>The cap is what makes ejection safe. When <em>all</em> fail, a broken deploy say, ejecting
 * them one by one would put the whole load on the last; beyond the cap an endpoint stays in,
 * however bad it is. When a set shrinks so that too many of what is left are out, those come back
 * first whose time is over soonest.
 *
 * <p>Thread-safe. Outcomes of endpoints that are in take their own lock alone; this one is taken to
 * eject, and at a change of the set.
 */
final class Outliers {
  private volatile @Nullable OutlierEjection rules;

  /** Guarded by this. */
  private Node[] nodes = {};

  /** The set or the rules have changed. */
  synchronized void adopt(Node[] current, @Nullable OutlierEjection now) {
    nodes = current;
    rules = now;
    Node[] out =
        Arrays.stream(current)
            .filter(node -> node.outlier.ejection() != null)
            .sorted(Comparator.comparingLong(Outliers::untilNanos))
            .toArray(Node[]::new);
    int most = now == null ? 0 : now.mostEjected(current.length);
    for (int i = 0; i < out.length - most; i++) {
      out[i].outlier.release();
    }
  }

  /** The right to probe an endpoint that is due; null if somebody else has it. */
  Outlier.@Nullable Ejection probe(Node node, long nowNanos) {
    OutlierEjection current = rules;
    return current == null ? null : node.outlier.probe(current, nowNanos);
  }

  /**
   * An answer was good.
   *
   * @param probe what the request held of the endpoint, if it was a probe
   */
  void good(Node node, Outlier.@Nullable Ejection probe, long nowNanos) {
    OutlierEjection current = rules;
    if (probe != null) {
      node.outlier.readmit(probe, nowNanos);
    } else if (current != null && node.outlier.ejection() == null) {
      node.outlier.good(current, nowNanos);
    }
  }

  /** There was no answer, or a bad one. What was under way when it was ejected no longer counts. */
  void bad(Node node, Outlier.@Nullable Ejection probe, long nowNanos) {
    OutlierEjection current = rules;
    if (current == null) {
      return;
    }
    if (probe != null) {
      node.outlier.ejectAgain(probe, current, nowNanos);
    } else if (node.outlier.ejection() == null) {
      String why = node.outlier.bad(current, nowNanos);
      if (why != null) {
        eject(node, why, current, nowNanos);
      }
    }
  }

  /** Nothing was learned. */
  void noOutcome(Node node, Outlier.@Nullable Ejection probe, long nowNanos) {
    if (probe != null) {
      node.outlier.probeAgain(probe, nowNanos);
    }
  }

  private synchronized void eject(Node node, String why, OutlierEjection current, long nowNanos) {
    int out = 0;
    boolean here = false;
    for (Node other : nodes) {
      out += other.outlier.ejection() == null ? 0 : 1;
      here |= other == node;
    }
    if (here && out < current.mostEjected(nodes.length)) {
      node.outlier.eject(why, current, nowNanos);
    }
  }

  private static long untilNanos(Node node) {
    Outlier.Ejection ejection = node.outlier.ejection();
    return ejection == null ? Long.MIN_VALUE : ejection.untilNanos();
  }
}
