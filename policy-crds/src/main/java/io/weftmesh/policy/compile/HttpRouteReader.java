package io.weftmesh.policy.compile;

import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPBackendRef;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRouteRule;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRouteSpec;
import io.weftmesh.policy.compile.RouteSpec.BackendRef;
import io.weftmesh.policy.compile.RouteSpec.Rule;
import io.weftmesh.policy.compile.RouteSpec.RuleFilter;
import io.weftmesh.policy.model.Filter;
import io.weftmesh.policy.model.PathChange;
import io.weftmesh.policy.model.PathMatch;
import io.weftmesh.policy.model.RouteMatch;
import io.weftmesh.policy.model.RouteOrigin;
import io.weftmesh.policy.model.WeightedBackend;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads an {@code HTTPRoute}. */
final class HttpRouteReader {
  private HttpRouteReader() {}

  static RouteSpec read(Written<RouteSpec> object, HTTPRoute route) {
    RouteDraft draft =
        new RouteDraft(object, RouteOrigin.Kind.HTTP_ROUTE)
            .nothingElse("", route.getAdditionalProperties());
    HTTPRouteSpec spec = route.getSpec();
    if (spec == null) {
      return draft.withoutSpec();
    }
    return draft
        .nothingElse("spec", spec.getAdditionalProperties())
        .parents(spec.getParentRefs())
        .hosts(spec.getHostnames())
        .rules(spec.getRules(), HttpRouteReader::rule)
        .finish();
  }

  private static Rule rule(HTTPRouteRule rule, String field, Findings findings) {
    findings.nothingElse(field, rule.getAdditionalProperties());
    refuseSessions(rule.getSessionPersistence(), field, findings);
    List<RouteMatch> matches = HttpMatchReader.read(rule.getMatches(), field, findings);
    List<RuleFilter> filters = FilterReader.read(rule.getFilters(), field, findings);
    List<BackendRef> backends = new ArrayList<>();
    for (int i = 0; i < RouteDraft.count(rule.getBackendRefs()); i++) {
      String at = field + ".backendRefs[" + i + "]";
      HTTPBackendRef ref = findings.present(at, RouteDraft.at(rule.getBackendRefs(), i));
      if (ref != null) {
        findings.nothingElse(at, ref.getAdditionalProperties());
        List<RuleFilter> own = FilterReader.read(ref.getFilters(), at, findings);
        own.forEach(filter -> checkPrefix(filter, matches, at, findings));
        backends.add(
            new BackendRef(
                at,
                ref.getGroup(),
                ref.getKind(),
                ref.getNamespace(),
                ref.getName(),
                ref.getPort(),
                weight(ref.getWeight(), at, findings),
                own));
      }
    }
    filters.forEach(filter -> checkPrefix(filter, matches, field, findings));
    if (!backends.isEmpty() && filters.stream().anyMatch(HttpRouteReader::isRedirect)) {
      findings.invalid(
          field + ".backendRefs",
          "stand beside a RequestRedirect filter, which answers before any backend is asked");
    }
    return new Rule(
        matches,
        filters,
        backends,
        RouteSettingsReader.read(rule.getTimeouts(), rule.getRetry(), field, findings),
        findings.faults());
  }

  /** What a backend without a weight has, and what one with it may have. */
  static int weight(@Nullable Integer written, String field, Findings findings) {
    Integer weight = findings.within(field + ".weight", written, 0, WeightedBackend.MAX_WEIGHT);
    return weight == null ? 1 : weight;
  }

  static void refuseSessions(@Nullable Object sessionPersistence, String field, Findings findings) {
    if (sessionPersistence != null) {
      findings.invalid(field + ".sessionPersistence", "is not supported by Weft");
    }
  }

  private static boolean isRedirect(RuleFilter filter) {
    return filter instanceof RuleFilter.Plain(Filter.Redirect redirect);
  }

  /** A prefix can be replaced only where one was matched. */
  private static void checkPrefix(
      RuleFilter filter, List<RouteMatch> matches, String field, Findings findings) {
    PathChange change =
        switch (filter) {
          case RuleFilter.Plain(Filter.Redirect redirect) -> redirect.path().orElse(null);
          case RuleFilter.Plain(Filter.Rewrite rewrite) -> rewrite.path().orElse(null);
          default -> null;
        };
    if (change instanceof PathChange.Prefix
        && !matches.stream()
            .allMatch(match -> match.path().orElse(null) instanceof PathMatch.Prefix)) {
      findings.invalid(
          field + ".filters",
          "replace the matched prefix, so that every match of the rule must be of type PathPrefix");
    }
  }
}
