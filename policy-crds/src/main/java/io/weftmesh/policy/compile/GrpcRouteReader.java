package io.weftmesh.policy.compile;

import com.google.re2j.Pattern;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCBackendRef;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCHeaderMatch;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCMethodMatch;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCRouteFilter;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCRouteMatch;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCRouteRule;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCRouteSpec;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPHeaderMatch;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRouteFilter;
import io.weftmesh.policy.compile.RouteSpec.BackendRef;
import io.weftmesh.policy.compile.RouteSpec.Rule;
import io.weftmesh.policy.model.HeaderMatch;
import io.weftmesh.policy.model.PathMatch;
import io.weftmesh.policy.model.PathMatch.Rank;
import io.weftmesh.policy.model.RouteMatch;
import io.weftmesh.policy.model.RouteOrigin;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads a {@code GRPCRoute}. A call is a request whose path is {@code /service/method}, so that its
 * matches are conditions on the path; headers, filters and backends are a part of what an {@code
 * HTTPRoute} has, and are read as that.
 */
final class GrpcRouteReader {
  private static final String ANY_PART = "[^/]+";

  private GrpcRouteReader() {}

  static RouteSpec read(Written<RouteSpec> object, GRPCRoute route) {
    RouteDraft draft =
        new RouteDraft(object, RouteOrigin.Kind.GRPC_ROUTE)
            .nothingElse("", route.getAdditionalProperties());
    GRPCRouteSpec spec = route.getSpec();
    if (spec == null) {
      return draft.withoutSpec();
    }
    return draft
        .nothingElse("spec", spec.getAdditionalProperties())
        .parents(spec.getParentRefs())
        .hosts(spec.getHostnames())
        .rules(spec.getRules(), GrpcRouteReader::rule)
        .finish();
  }

  private static Rule rule(GRPCRouteRule rule, String field, Findings findings) {
    findings.nothingElse(field, rule.getAdditionalProperties());
    HttpRouteReader.refuseSessions(rule.getSessionPersistence(), field, findings);
    List<RouteMatch> matches = new ArrayList<>();
    for (int i = 0; i < RouteDraft.count(rule.getMatches()); i++) {
      String at = field + ".matches[" + i + "]";
      GRPCRouteMatch match = findings.present(at, RouteDraft.at(rule.getMatches(), i));
      if (match != null) {
        matches.add(match(match, at, findings));
      }
    }
    List<BackendRef> backends = new ArrayList<>();
    for (int i = 0; i < RouteDraft.count(rule.getBackendRefs()); i++) {
      String at = field + ".backendRefs[" + i + "]";
      GRPCBackendRef ref = findings.present(at, RouteDraft.at(rule.getBackendRefs(), i));
      if (ref != null) {
        backends.add(backend(ref, at, findings));
      }
    }
    return new Rule(
        matches,
        FilterReader.read(asHttp(rule.getFilters()), field, findings),
        backends,
        RouteSettings.SILENT,
        findings.faults());
  }

  private static RouteMatch match(GRPCRouteMatch match, String field, Findings findings) {
    findings.nothingElse(field, match.getAdditionalProperties());
    List<HTTPHeaderMatch> headers = new ArrayList<>();
    for (int i = 0; i < RouteDraft.count(match.getHeaders()); i++) {
      String at = field + ".headers[" + i + "]";
      GRPCHeaderMatch header = findings.present(at, RouteDraft.at(match.getHeaders(), i));
      if (header != null) {
        findings.nothingElse(at, header.getAdditionalProperties());
        headers.add(new HTTPHeaderMatch(header.getName(), header.getType(), header.getValue()));
      }
    }
    List<HeaderMatch> read = HttpMatchReader.headers(headers, field + ".headers", findings);
    return new RouteMatch(
        method(match.getMethod(), field + ".method", findings), Optional.empty(), read, List.of());
  }

  private static Optional<PathMatch> method(
      @Nullable GRPCMethodMatch match, String field, Findings findings) {
    if (match == null) {
      return Optional.empty();
    }
    findings.nothingElse(field, match.getAdditionalProperties());
    String service = match.getService() == null ? "" : match.getService();
    String method = match.getMethod() == null ? "" : match.getMethod();
    if (service.isEmpty() && method.isEmpty()) {
      findings.invalid(field, "has neither service nor method, expected one of them at least");
      return Optional.empty();
    }
    return switch (match.getType()) {
      case null -> exact(service, method, field, findings);
      case "Exact" -> exact(service, method, field, findings);
      case "RegularExpression" -> expression(service, method, field, findings);
      default -> {
        findings.invalid(
            field + ".type", "is \"" + match.getType() + "\", expected Exact or RegularExpression");
        yield Optional.empty();
      }
    };
  }

  private static Optional<PathMatch> exact(
      String service, String method, String field, Findings findings) {
    if (service.indexOf('/') >= 0 || method.indexOf('/') >= 0) {
      findings.invalid(
          field, "is \"" + service + "\" and \"" + method + "\", expected names without a slash");
      return Optional.empty();
    }
    if (method.isEmpty()) {
      return Optional.of(new PathMatch.Prefix("/" + service));
    }
    return Optional.of(
        service.isEmpty()
            ? new PathMatch.Regex(
                "/" + ANY_PART + "/" + Pattern.quote(method), new Rank(false, 0, method.length()))
            : new PathMatch.Exact("/" + service + "/" + method));
  }

  /** Each is compiled by itself first: put together, half an expression might find another half. */
  private static Optional<PathMatch> expression(
      String service, String method, String field, Findings findings) {
    boolean serviceSound =
        HttpMatchReader.compiled(Pattern::compile, service, field + ".service", findings)
            .isPresent();
    boolean methodSound =
        HttpMatchReader.compiled(Pattern::compile, method, field + ".method", findings).isPresent();
    if (!serviceSound || !methodSound) {
      return Optional.empty();
    }
    String path = "/" + part(service) + "/" + part(method);
    // A prefix counts its slash, so that a service's expression has to count one, too.
    Rank rank = new Rank(false, service.isEmpty() ? 0 : service.length() + 1, method.length());
    return HttpMatchReader.compiled(
        whole -> new PathMatch.Regex(whole, rank), path, field, findings);
  }

  private static String part(String expression) {
    return expression.isEmpty() ? ANY_PART : "(?:" + expression + ")";
  }

  private static BackendRef backend(GRPCBackendRef ref, String field, Findings findings) {
    findings.nothingElse(field, ref.getAdditionalProperties());
    return new BackendRef(
        field,
        ref.getGroup(),
        ref.getKind(),
        ref.getNamespace(),
        ref.getName(),
        ref.getPort(),
        HttpRouteReader.weight(ref.getWeight(), field, findings),
        FilterReader.read(asHttp(ref.getFilters()), field, findings));
  }

  private static List<HTTPRouteFilter> asHttp(@Nullable List<GRPCRouteFilter> written) {
    List<HTTPRouteFilter> filters = new ArrayList<>();
    for (int i = 0; i < RouteDraft.count(written); i++) {
      filters.add(asHttp(RouteDraft.at(written, i)));
    }
    return filters;
  }

  private static @Nullable HTTPRouteFilter asHttp(@Nullable GRPCRouteFilter filter) {
    if (filter == null) {
      return null;
    }
    HTTPRouteFilter http = new HTTPRouteFilter();
    http.setType(filter.getType());
    http.setRequestHeaderModifier(filter.getRequestHeaderModifier());
    http.setResponseHeaderModifier(filter.getResponseHeaderModifier());
    http.setRequestMirror(filter.getRequestMirror());
    http.setExtensionRef(filter.getExtensionRef());
    http.setAdditionalProperties(filter.getAdditionalProperties());
    return http;
  }
}
