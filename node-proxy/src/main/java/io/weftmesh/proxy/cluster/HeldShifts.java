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
 * Holds a shift by labels back until these are told of. The ca begins to tell of a label when it
 * sees the first shift that asks for it, a moment before or after this node does, or when it is
 * back: until then no pod would belong to any of the shift's subsets, and all that is shifted be
 * answered with 503. What was in force of the same object goes on meanwhile, be it nothing.
 *
 * <p>When the proxy has just started, nothing was in force before: then the door stays closed until
 * the ca has told. Not thread-safe.
 */
final class HeldShifts {
  private Map<String, Written<TrafficShiftSpec>> inForce = new HashMap<>();
  private boolean begun;
  private boolean waiting;

  /**
   * The shifts that are in force.
   *
   * @param written all that there are
   * @param told the keys of the labels that are told of
   * @param problems a line for each shift that waits
   */
  List<Written<TrafficShiftSpec>> release(
      List<Written<TrafficShiftSpec>> written, Set<String> told, Set<String> problems) {
    Map<String, Written<TrafficShiftSpec>> next = new HashMap<>();
    waiting = false;
    for (Written<TrafficShiftSpec> shift : written) {
      String name = shift.toString();
      Set<String> missing = Subsets.keysAskedFor(shift.spec());
      missing.removeAll(told);
      Written<TrafficShiftSpec> before = inForce.get(name);
      boolean held = begun && !missing.isEmpty() && !shift.equals(before);
      if (!missing.isEmpty()) {
        waiting = true;
        problems.add(problem(name, missing, held));
      }
      @Nullable Written<TrafficShiftSpec> released = held ? before : shift;
      if (released != null) {
        next.put(name, released);
      }
    }
    inForce = next;
    begun = true;
    return new ArrayList<>(next.values());
  }

  /** Whether some shift waited for labels at the last release. */
  boolean isWaiting() {
    return waiting;
  }

  private static String problem(String shift, Set<String> missing, boolean held) {
    return shift
        + ": the ca has not told which pods have the labels "
        + missing
        + "; until it does, "
        + (held
            ? "what was in force before goes on"
            : "its subsets are empty and their share is answered with 503");
  }
}
