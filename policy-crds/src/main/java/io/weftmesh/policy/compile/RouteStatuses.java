package io.weftmesh.policy.compile;

import io.weftmesh.policy.compile.ParentRefs.Attachment;
import io.weftmesh.policy.compile.RouteStatus.Condition;
import io.weftmesh.policy.compile.RouteStatus.ParentStatus;
import io.weftmesh.policy.compile.ServiceRoute.AttachedParent;
import io.weftmesh.policy.model.ServicePortKey;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Says of routes whether they are in force, and if not, why. */
final class RouteStatuses {
  private static final Comparator<RouteSpec.Parent> ORDER =
      Comparator.comparing((RouteSpec.Parent parent) -> text(parent.namespace()))
          .thenComparing(parent -> text(parent.name()))
          .thenComparing(parent -> text(parent.sectionName()))
          .thenComparingInt(parent -> parent.port() == null ? 0 : parent.port());

  private final RoutesInForce inForce;
  private final Set<Problem> problems;

  /**
   * @param problems where everything goes that is wrong
   */
  RouteStatuses(RoutesInForce inForce, Set<Problem> problems) {
    this.inForce = inForce;
    this.problems = problems;
  }

  RouteStatus of(ServiceRoute route) {
    problems.addAll(route.spec().problems());
    problems.addAll(route.unresolved());
    List<ParentStatus> parents = new ArrayList<>();
    for (AttachedParent parent : route.parents()) {
      problems.addAll(parent.problems());
      parents.add(new ParentStatus(parent.parent(), accepted(route, parent), resolvedRefs(route)));
    }
    parents.sort(Comparator.comparing(ParentStatus::parent, ORDER));
    return new RouteStatus(
        route.object().kind(),
        route.object().namespace(),
        route.object().name(),
        route.object().generation(),
        parents);
  }

  private Condition accepted(ServiceRoute route, AttachedParent parent) {
    List<Problem> faults = new ArrayList<>(parent.problems());
    faults.addAll(route.spec().problems());
    Attachment attachment = parent.attachment();
    if (attachment == null) {
      return broken(faults);
    }
    Set<Integer> held = new TreeSet<>();
    List<Problem> conflicts = new ArrayList<>();
    for (int port : new TreeSet<>(attachment.ports())) {
      ServicePortKey key = new ServicePortKey(attachment.service(), port);
      ServiceRoute other = inForce.insteadOf(route, key);
      if (other == null) {
        held.add(port);
      } else {
        conflicts.add(conflict(route, parent, key, other));
      }
    }
    problems.addAll(conflicts);
    if (held.isEmpty()) {
      faults.addAll(conflicts);
    }
    if (!faults.isEmpty()) {
      return broken(faults);
    }
    return new Condition(true, "Accepted", inForceText(route, parent, attachment, held, conflicts));
  }

  private static String inForceText(
      ServiceRoute route,
      AttachedParent parent,
      Attachment attachment,
      Set<Integer> held,
      List<Problem> conflicts) {
    String namespace = route.object().namespace();
    StringBuilder text = new StringBuilder("in force at Service " + attachment.service());
    text.append(held.size() == 1 ? ", port " : ", ports ")
        .append(held.stream().map(String::valueOf).collect(Collectors.joining(", ")));
    if (!namespace.equals(attachment.service().namespace())) {
      text.append(", for clients in namespace ").append(namespace);
    }
    attachment.leftOut().forEach(port -> text.append("; not at ").append(port));
    conflicts.forEach(conflict -> text.append("; ").append(conflict.message()));
    if ("core".equals(parent.parent().group())) {
      text.append("; ")
          .append(parent.parent().field())
          .append(".group is \"core\", taken for \"\", which is the name of that group");
    }
    return text.toString();
  }

  private static Condition resolvedRefs(ServiceRoute route) {
    return route.unresolved().isEmpty()
        ? new Condition(true, "ResolvedRefs", "all backends exist")
        : broken(route.unresolved());
  }

  private static Condition broken(List<Problem> faults) {
    return new Condition(
        false,
        faults.getFirst().reason().text(),
        faults.stream()
            .map(Problem::message)
            .collect(Collectors.toCollection(LinkedHashSet::new))
            .stream()
            .collect(Collectors.joining("; ")));
  }

  private static Problem conflict(
      ServiceRoute route, AttachedParent parent, ServicePortKey port, ServiceRoute other) {
    return new Problem(
        route.object().toString(),
        parent.parent().field(),
        Problem.Reason.CONFLICTED,
        "is a Service whose port "
            + port.port()
            + " "
            + other.object()
            + " routes"
            + (other.kind() == route.kind() ? " already" : ", which is of a kind that goes first"),
        "the route is not in force at that port until one of them goes");
  }

  private static String text(@Nullable String value) {
    return value == null ? "" : value;
  }
}
