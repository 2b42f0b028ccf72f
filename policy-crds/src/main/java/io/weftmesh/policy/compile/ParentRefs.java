package io.weftmesh.policy.compile;

import io.weftmesh.policy.compile.RouteSpec.Parent;
import io.weftmesh.policy.model.RouteOrigin;
import io.weftmesh.policy.model.ServiceKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The references of routes to the Services that they route (GEP-1294). */
final class ParentRefs {
  /** What Gateway API takes for granted where no group is written. */
  static final String GATEWAY_GROUP = "gateway.networking.k8s.io";

  private static final String CONSEQUENCE = "the route is not in force there until that is mended";

  private ParentRefs() {}

  /**
   * What a reference leads to.
   *
   * @param ports all of the Service's ports, or the one that is meant
   * @param names whether the reference says which port it means
   * @param leftOut those that no route of its kind can hold at, a few words each
   */
  record Attachment(ServiceKey service, Set<Integer> ports, boolean names, List<String> leftOut) {
    Attachment {
      leftOut = List.copyOf(leftOut);
    }
  }

  /** Whether Services are of this group; by a name that is no group's, too, as GEP-1294 tells. */
  static boolean isOfServices(String group) {
    return group.isEmpty() || group.equals("core");
  }

  /** Null, and a problem, if the reference leads nowhere. */
  static @Nullable Attachment resolve(
      Written<RouteSpec> route, Parent ref, ServiceShape.Lookup services, Findings findings) {
    String group = ref.group() == null ? GATEWAY_GROUP : ref.group();
    if (!isOfServices(group)) {
      return refuse(
          findings,
          ref.field() + ".group",
          Problem.Reason.NO_MATCHING_PARENT,
          (ref.group() == null ? "is left out, which means " : "is ")
              + group
              + ", expected \"\" for a Service");
    }
    if (ref.name() == null || ref.name().isBlank()) {
      return refuse(
          findings, ref.field() + ".name", Problem.Reason.NO_MATCHING_PARENT, "is missing");
    }
    ServiceKey service =
        new ServiceKey(ref.namespace() == null ? route.namespace() : ref.namespace(), ref.name());
    ServiceShape shape = services.find(service);
    if (shape == null) {
      return refuse(
          findings,
          ref.field() + ".name",
          Problem.Reason.NO_MATCHING_PARENT,
          "is \"" + ref.name() + "\", but there is no Service " + service);
    }
    if (shape.type() != ServiceShape.Type.CLUSTER_IP) {
      return refuse(
          findings,
          ref.field() + ".name",
          Problem.Reason.PARENT_NOT_ALLOWED,
          "is \"" + ref.name() + "\", which " + shape.type().text());
    }
    Attachment all = ports(ref, service, shape, findings);
    return all == null ? null : understood(route, ref, all, shape, findings);
  }

  /**
   * Without the ports whose traffic is declared to be bytes: a route of requests would be in force
   * there by its status, and no request would ever meet it.
   */
  private static @Nullable Attachment understood(
      Written<RouteSpec> route, Parent ref, Attachment all, ServiceShape shape, Findings findings) {
    RouteSpec spec = route.spec();
    if (spec == null || !isOfRequests(spec.kind())) {
      return all;
    }
    Set<Integer> ports = new TreeSet<>();
    List<String> leftOut = new ArrayList<>();
    for (int port : new TreeSet<>(all.ports())) {
      if (shape.isOpaque(port)) {
        leftOut.add("port " + port + ", which is declared " + shape.declared(port));
      } else {
        ports.add(port);
      }
    }
    if (ports.isEmpty() && !leftOut.isEmpty()) {
      findings.add(
          all.names() ? ref.field() + (ref.port() == null ? ".sectionName" : ".port") : ref.field(),
          Problem.Reason.PARENT_NOT_ALLOWED,
          "leads to Service "
              + all.service()
              + ", "
              + String.join(", ", leftOut)
              + ", expected a port declared as http, http2, grpc or nothing, by its appProtocol or"
              + " the beginning of its name",
          "what goes there is passed on as bytes and meets no "
              + route.kind()
              + "; declare the port as what it speaks, or write a TCPRoute");
      return null;
    }
    return new Attachment(all.service(), ports, all.names(), leftOut);
  }

  private static boolean isOfRequests(RouteOrigin.Kind kind) {
    return switch (kind) {
      case HTTP_ROUTE, GRPC_ROUTE -> true;
      case TLS_ROUTE, TCP_ROUTE, SERVICE, TRAFFIC_SHIFT, TRAFFIC_POLICY -> false;
    };
  }

  private static @Nullable Attachment ports(
      Parent ref, ServiceKey service, ServiceShape shape, Findings findings) {
    Integer port = ref.port();
    if (port != null && !shape.ports().contains(port)) {
      return refuse(
          findings,
          ref.field() + ".port",
          Problem.Reason.NO_MATCHING_PARENT,
          "is "
              + port
              + ", expected a TCP port of Service "
              + service
              + ", which has "
              + shape.portsText());
    }
    String section = ref.sectionName();
    if (section == null) {
      return port == null
          ? new Attachment(service, shape.ports(), false, List.of())
          : new Attachment(service, Set.of(port), true, List.of());
    }
    Integer named = shape.portsByName().get(section);
    if (named == null || (port != null && !port.equals(named))) {
      return refuse(
          findings,
          ref.field() + ".sectionName",
          Problem.Reason.NO_MATCHING_PARENT,
          "is \""
              + section
              + "\", expected the name of "
              + (port == null ? "a TCP port" : "port " + port)
              + " of Service "
              + service);
    }
    return new Attachment(service, Set.of(named), true, List.of());
  }

  private static @Nullable Attachment refuse(
      Findings findings, String field, Problem.Reason reason, String what) {
    findings.add(field, reason, what, CONSEQUENCE);
    return null;
  }
}
