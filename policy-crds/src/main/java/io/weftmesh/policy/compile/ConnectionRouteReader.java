package io.weftmesh.policy.compile;

import io.fabric8.kubernetes.api.model.gatewayapi.v1.TLSRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.TLSRouteRule;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.TLSRouteSpec;
import io.fabric8.kubernetes.api.model.gatewayapi.v1alpha2.TCPRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1alpha2.TCPRouteRule;
import io.fabric8.kubernetes.api.model.gatewayapi.v1alpha2.TCPRouteSpec;
import io.weftmesh.policy.compile.RouteSpec.BackendRef;
import io.weftmesh.policy.compile.RouteSpec.Rule;
import io.weftmesh.policy.model.RouteOrigin;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the routes whose rules hold for connections: {@code TLSRoute} and {@code TCPRoute}. */
final class ConnectionRouteReader {
  private ConnectionRouteReader() {}

  static RouteSpec read(Written<RouteSpec> object, TLSRoute route) {
    RouteDraft draft =
        new RouteDraft(object, RouteOrigin.Kind.TLS_ROUTE)
            .nothingElse("", route.getAdditionalProperties());
    TLSRouteSpec spec = route.getSpec();
    if (spec == null) {
      return draft.withoutSpec();
    }
    return draft
        .nothingElse("spec", spec.getAdditionalProperties())
        .parents(spec.getParentRefs())
        .hosts(spec.getHostnames())
        .oneRule(spec.getRules(), ConnectionRouteReader::rule)
        .finish();
  }

  static RouteSpec read(Written<RouteSpec> object, TCPRoute route) {
    RouteDraft draft =
        new RouteDraft(object, RouteOrigin.Kind.TCP_ROUTE)
            .nothingElse("", route.getAdditionalProperties());
    TCPRouteSpec spec = route.getSpec();
    if (spec == null) {
      return draft.withoutSpec();
    }
    return draft
        .nothingElse("spec", spec.getAdditionalProperties())
        .parents(spec.getParentRefs())
        .oneRule(spec.getRules(), ConnectionRouteReader::rule)
        .finish();
  }

  private static Rule rule(TLSRouteRule rule, String field, Findings findings) {
    return rule(rule.getBackendRefs(), rule.getAdditionalProperties(), field, findings);
  }

  private static Rule rule(TCPRouteRule rule, String field, Findings findings) {
    return rule(rule.getBackendRefs(), rule.getAdditionalProperties(), field, findings);
  }

  private static Rule rule(
      @Nullable List<io.fabric8.kubernetes.api.model.gatewayapi.v1.BackendRef> written,
      Map<String, Object> unknown,
      String field,
      Findings findings) {
    findings.nothingElse(field, unknown);
    List<BackendRef> backends = new ArrayList<>();
    for (int i = 0; i < RouteDraft.count(written); i++) {
      String at = field + ".backendRefs[" + i + "]";
      var ref = findings.present(at, RouteDraft.at(written, i));
      if (ref != null) {
        findings.nothingElse(at, ref.getAdditionalProperties());
        backends.add(
            new BackendRef(
                at,
                ref.getGroup(),
                ref.getKind(),
                ref.getNamespace(),
                ref.getName(),
                ref.getPort(),
                HttpRouteReader.weight(ref.getWeight(), at, findings),
                List.of()));
      }
    }
    return new Rule(List.of(), List.of(), backends, RouteSettings.SILENT, findings.faults());
  }
}
