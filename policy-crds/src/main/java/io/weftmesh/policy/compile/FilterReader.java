package io.weftmesh.policy.compile;

import io.fabric8.kubernetes.api.model.gatewayapi.v1.BackendObjectReference;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.Fraction;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRequestMirrorFilter;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRouteFilter;
import io.weftmesh.policy.compile.RouteSpec.BackendRef;
import io.weftmesh.policy.compile.RouteSpec.RuleFilter;
import io.weftmesh.policy.model.Filter;
import io.weftmesh.policy.model.Filter.HeaderChange.Subject;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the filters of a rule or of a backend. What can't be honoured becomes {@link
 * Filter.Unsupported}, in the place where it stands.
 */
final class FilterReader {
  private static final String SUPPORTED =
      "RequestHeaderModifier, ResponseHeaderModifier, RequestRedirect, URLRewrite, RequestMirror or"
          + " CORS";

  private final Findings findings;

  private FilterReader(Findings findings) {
    this.findings = findings;
  }

  /**
   * Reads them all.
   *
   * @param owner the path of the rule or backend that they stand in
   */
  static List<RuleFilter> read(
      @Nullable List<HTTPRouteFilter> written, String owner, Findings findings) {
    FilterReader reader = new FilterReader(findings);
    List<RuleFilter> filters = new ArrayList<>();
    Set<String> types = new HashSet<>();
    for (int i = 0; i < RouteDraft.count(written); i++) {
      String field = owner + ".filters[" + i + "]";
      HTTPRouteFilter filter = findings.present(field, RouteDraft.at(written, i));
      if (filter == null) {
        continue;
      }
      findings.nothingElse(field, filter.getAdditionalProperties());
      filters.add(reader.filter(filter, field));
      String type = filter.getType();
      if (type != null && !types.add(type) && !type.equals("RequestMirror")) {
        findings.invalid(
            field,
            Problem.Reason.INCOMPATIBLE_FILTERS,
            "is the second of type " + type + ", of which there can be one");
      }
    }
    if (types.contains("RequestRedirect") && types.contains("URLRewrite")) {
      findings.invalid(
          owner + ".filters",
          Problem.Reason.INCOMPATIBLE_FILTERS,
          "have both RequestRedirect and URLRewrite, of which only one can be done");
    }
    return filters;
  }

  private RuleFilter filter(HTTPRouteFilter filter, String field) {
    RuleFilter read =
        switch (filter.getType()) {
          case "RequestHeaderModifier" -> {
            String at = field + ".requestHeaderModifier";
            var change = findings.present(at, filter.getRequestHeaderModifier());
            yield change == null
                ? null
                : plain(HeaderChanges.read(Subject.REQUEST, change, at, findings));
          }
          case "ResponseHeaderModifier" -> {
            String at = field + ".responseHeaderModifier";
            var change = findings.present(at, filter.getResponseHeaderModifier());
            yield change == null
                ? null
                : plain(HeaderChanges.read(Subject.RESPONSE, change, at, findings));
          }
          case "RequestRedirect" -> {
            String at = field + ".requestRedirect";
            var redirect = findings.present(at, filter.getRequestRedirect());
            yield redirect == null ? null : plain(UrlReader.redirect(redirect, at, findings));
          }
          case "URLRewrite" -> {
            String at = field + ".urlRewrite";
            var rewrite = findings.present(at, filter.getUrlRewrite());
            yield rewrite == null ? null : plain(UrlReader.rewrite(rewrite, at, findings));
          }
          case "RequestMirror" -> {
            String at = field + ".requestMirror";
            var mirror = findings.present(at, filter.getRequestMirror());
            yield mirror == null ? null : mirror(mirror, at);
          }
          case "CORS" -> {
            String at = field + ".cors";
            var cors = findings.present(at, filter.getCors());
            yield cors == null ? null : plain(CorsReader.read(cors, at, findings));
          }
          case null -> {
            findings.invalid(field + ".type", "is missing, expected " + SUPPORTED);
            yield null;
          }
          default -> {
            findings.invalid(
                field + ".type", "is \"" + filter.getType() + "\", expected " + SUPPORTED);
            yield null;
          }
        };
    return read != null ? read : plain(new Filter.Unsupported(findings.faults().getLast()));
  }

  private @Nullable RuleFilter mirror(HTTPRequestMirrorFilter mirror, String field) {
    findings.nothingElse(field, mirror.getAdditionalProperties());
    BackendObjectReference to = findings.present(field + ".backendRef", mirror.getBackendRef());
    if (to == null) {
      return null;
    }
    findings.nothingElse(field + ".backendRef", to.getAdditionalProperties());
    BackendRef backend =
        new BackendRef(
            field + ".backendRef",
            to.getGroup(),
            to.getKind(),
            to.getNamespace(),
            to.getName(),
            to.getPort(),
            1,
            List.of());
    Fraction fraction = mirror.getFraction();
    if (fraction == null) {
      Integer percent = findings.within(field + ".percent", mirror.getPercent(), 0, 100);
      return new RuleFilter.MirrorTo(backend, percent == null ? 100 : percent, 100);
    }
    return fraction(backend, fraction, mirror.getPercent(), field);
  }

  private RuleFilter fraction(
      BackendRef backend, Fraction fraction, @Nullable Integer percent, String field) {
    findings.nothingElse(field + ".fraction", fraction.getAdditionalProperties());
    if (percent != null) {
      findings.invalid(field, "has both percent and fraction, expected one of them");
    }
    Integer denominator =
        findings.within(
            field + ".fraction.denominator",
            fraction.getDenominator() == null ? Integer.valueOf(100) : fraction.getDenominator(),
            1,
            Integer.MAX_VALUE);
    int whole = denominator == null ? 1 : denominator;
    Integer numerator =
        findings.within(
            field + ".fraction.numerator",
            findings.present(field + ".fraction.numerator", fraction.getNumerator()),
            0,
            whole);
    return new RuleFilter.MirrorTo(backend, numerator == null ? 0 : numerator, whole);
  }

  private static RuleFilter plain(Filter filter) {
    return new RuleFilter.Plain(filter);
  }
}
