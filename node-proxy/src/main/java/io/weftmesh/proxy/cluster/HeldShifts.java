package io.weftmesh.proxy.cluster;

import io.weftmesh.policy.compile.Subsets;
import io.weftmesh.policy.compile.Written;
import io.weftmesh.policy.v1alpha1.TrafficShiftSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Holds a shift by labels back while these are not told of: no pod would belong to any of the
 * shift's subsets, and all that is shifted be answered with 503. The ca begins to tell of a label
 * when it sees the first shift that asks for it, a moment before or after this node does; it may
 * never tell of it, since it tells of so many and no more. Meanwhile what was in force of the same
 * object goes on, if the labels that that asks for are told; else the object shifts nothing, and
 * its Service is used as if it were not there.
 *
 * <p>When the proxy has just started, nothing has been told at all. The shifts are in force then,
 * without a pod in their subsets, and the door stays closed until the ca has told: traffic is not
 * to go past a shift merely because the proxy was replaced. Not thread-safe.
 */
final class HeldShifts {
  private Map<String, Written<TrafficShiftSpec>> inForce = new HashMap<>();
  private boolean begun;
  private boolean waiting;

  /**
   * The shifts that are in force.
   *
   * @param written all that there are
   * @param told the keys of the labels that are told of; null while nothing has been told
   * @param problems a line for each shift that waits
   */
  List<Written<TrafficShiftSpec>> release(
      List<Written<TrafficShiftSpec>> written, @Nullable Set<String> told, Set<String> problems) {
    Map<String, Written<TrafficShiftSpec>> next = new HashMap<>();
    waiting = false;
    for (Written<TrafficShiftSpec> shift : written) {
      String name = shift.toString();
      Set<String> missing = missing(shift, told);
      Written<TrafficShiftSpec> released = shift;
      if (!missing.isEmpty()) {
        released = inPlaceOf(shift, inForce.get(name), told);
        waiting |= told == null;
        problems.add(problem(shift, missing, released));
      }
      if (released != null) {
        next.put(name, released);
      }
    }
    inForce = next;
    begun = true;
    return new ArrayList<>(next.values());
  }

  /** Whether some shift waits for the first word of the ca, as of the last release. */
  boolean isWaiting() {
    return waiting;
  }

  /** What is in force while labels of a shift are not told. */
  private @Nullable Written<TrafficShiftSpec> inPlaceOf(
      Written<TrafficShiftSpec> shift,
      @Nullable Written<TrafficShiftSpec> before,
      @Nullable Set<String> told) {
    if (told == null) {
      return begun ? before : shift;
    }
    return before != null && missing(before, told).isEmpty() ? before : null;
  }

  private static Set<String> missing(Written<TrafficShiftSpec> shift, @Nullable Set<String> told) {
    Set<String> missing = Subsets.keysAskedFor(shift.spec());
    if (told != null) {
      missing.removeAll(told);
    }
    return missing;
  }

  private static String problem(
      Written<TrafficShiftSpec> shift,
      Set<String> missing,
      @Nullable Written<TrafficShiftSpec> released) {
    return shift
        + ": the ca has not told which pods have the labels "
        + missing
        + "; until it does, "
        + (released == null
            ? "it shifts nothing"
            : released.equals(shift)
                ? "its subsets are empty and their share is answered with 503"
                : "what was in force before goes on");
  }
}
