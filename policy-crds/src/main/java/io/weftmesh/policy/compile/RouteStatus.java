package io.weftmesh.policy.compile;

import java.util.Comparator;
import java.util.List;

/**
 * What a route's status is to say, for all of its parents that are Services. Those of other
 * controllers are not spoken of.
 *
 * @param observedGeneration which version of the route's spec this is said of; 0 for a route from a
 *     file
 * @param parents in an order that depends on nothing but themselves
 */
public record RouteStatus(
    String kind, String namespace, String name, long observedGeneration, List<ParentStatus> parents)
    implements Comparable<RouteStatus> {
  private static final Comparator<RouteStatus> ORDER =
      Comparator.comparing(RouteStatus::namespace)
          .thenComparing(RouteStatus::name)
          .thenComparing(RouteStatus::kind);

  public RouteStatus {
    parents = List.copyOf(parents);
  }

  /**
   * An entry of {@code status.parents}.
   *
   * @param parent the reference, as the spec has it
   */
  public record ParentStatus(RouteSpec.Parent parent, Condition accepted, Condition resolvedRefs) {}

  /**
   * A condition.
   *
   * @param holds its status
   * @param reason one of those that Gateway API knows, where it knows one
   */
  public record Condition(boolean holds, String reason, String message) {}

  @Override
  public int compareTo(RouteStatus other) {
    return ORDER.compare(this, other);
  }

  /** {@code HTTPRoute shop/echo}. */
  @Override
  public String toString() {
    return kind + " " + namespace + "/" + name;
  }
}
