package io.weftmesh.policy.compile;

import com.google.re2j.PatternSyntaxException;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPHeaderMatch;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPPathMatch;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPQueryParamMatch;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRouteMatch;
import io.weftmesh.policy.model.HeaderMatch;
import io.weftmesh.policy.model.PathMatch;
import io.weftmesh.policy.model.QueryMatch;
import io.weftmesh.policy.model.RouteMatch;
import io.weftmesh.policy.model.ValueMatch;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads the matches of a rule. A condition that can't be understood is left out, which makes the
 * match wider, and its rule is closed: what it might have been meant for gets an error.
 */
final class HttpMatchReader {
  private static final PathMatch ANY_PATH = new PathMatch.Prefix("/");

  /** The bound that Gateway API sets for values: what is compiled is not without a bound either. */
  private static final int MAX_EXPRESSION = 4096;

  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH");

  private HttpMatchReader() {}

  /** At least one, since a rule without matches has one that every request meets. */
  static List<RouteMatch> read(
      @Nullable List<HTTPRouteMatch> written, String rule, Findings findings) {
    List<RouteMatch> matches = new ArrayList<>();
    for (int i = 0; i < RouteDraft.count(written); i++) {
      String field = rule + ".matches[" + i + "]";
      HTTPRouteMatch match = findings.present(field, RouteDraft.at(written, i));
      if (match != null) {
        findings.nothingElse(field, match.getAdditionalProperties());
        matches.add(
            new RouteMatch(
                Optional.of(path(match.getPath(), field + ".path", findings)),
                method(match.getMethod(), field + ".method", findings),
                headers(match.getHeaders(), field + ".headers", findings),
                query(match.getQueryParams(), field + ".queryParams", findings)));
      }
    }
    if (matches.isEmpty()) {
      matches.add(new RouteMatch(Optional.of(ANY_PATH), Optional.empty(), List.of(), List.of()));
    }
    return matches;
  }

  private static PathMatch path(@Nullable HTTPPathMatch path, String field, Findings findings) {
    if (path == null) {
      return ANY_PATH;
    }
    findings.nothingElse(field, path.getAdditionalProperties());
    String type = path.getType() == null ? "PathPrefix" : path.getType();
    String value = path.getValue() == null ? "/" : path.getValue();
    if (type.equals("RegularExpression")) {
      return HttpMatchReader.<PathMatch>compiled(
              PathMatch.Regex::new, value, field + ".value", findings)
          .orElse(ANY_PATH);
    }
    if (!type.equals("Exact") && !type.equals("PathPrefix")) {
      findings.invalid(
          field + ".type", "is \"" + type + "\", expected Exact, PathPrefix or RegularExpression");
      return ANY_PATH;
    }
    if (!value.startsWith("/") || value.indexOf('?') >= 0 || value.indexOf('#') >= 0) {
      findings.invalid(
          field + ".value",
          "is \"" + value + "\", expected a path that begins with / and has no query");
      return ANY_PATH;
    }
    return type.equals("Exact") ? new PathMatch.Exact(value) : new PathMatch.Prefix(value);
  }

  private static Optional<String> method(@Nullable String method, String field, Findings findings) {
    if (method != null && !METHODS.contains(method)) {
      findings.invalid(
          field,
          "is \"" + method + "\", expected one of " + String.join(", ", new TreeSet<>(METHODS)));
      return Optional.empty();
    }
    return Optional.ofNullable(method);
  }

  /** Of several conditions on one header the first counts, as Gateway API has it. */
  static List<HeaderMatch> headers(
      @Nullable List<HTTPHeaderMatch> written, String list, Findings findings) {
    Map<String, HeaderMatch> headers = new LinkedHashMap<>();
    for (int i = 0; i < RouteDraft.count(written); i++) {
      String field = list + "[" + i + "]";
      HTTPHeaderMatch match = findings.present(field, RouteDraft.at(written, i));
      if (match == null) {
        continue;
      }
      findings.nothingElse(field, match.getAdditionalProperties());
      String name = HeaderChanges.name(match.getName(), field + ".name", findings);
      Optional<ValueMatch> value = value(match.getType(), match.getValue(), field, findings);
      if (name != null && value.isPresent()) {
        headers.putIfAbsent(name.toLowerCase(Locale.ROOT), new HeaderMatch(name, value.get()));
      }
    }
    return List.copyOf(headers.values());
  }

  private static List<QueryMatch> query(
      @Nullable List<HTTPQueryParamMatch> written, String list, Findings findings) {
    Map<String, QueryMatch> parameters = new LinkedHashMap<>();
    for (int i = 0; i < RouteDraft.count(written); i++) {
      String field = list + "[" + i + "]";
      HTTPQueryParamMatch match = findings.present(field, RouteDraft.at(written, i));
      if (match == null) {
        continue;
      }
      findings.nothingElse(field, match.getAdditionalProperties());
      String name = findings.required(field + ".name", match.getName());
      Optional<ValueMatch> value = value(match.getType(), match.getValue(), field, findings);
      if (name != null && value.isPresent()) {
        parameters.putIfAbsent(name, new QueryMatch(name, value.get()));
      }
    }
    return List.copyOf(parameters.values());
  }

  private static Optional<ValueMatch> value(
      @Nullable String type, @Nullable String value, String field, Findings findings) {
    if (findings.present(field + ".value", value) == null || value == null) {
      return Optional.empty();
    }
    return switch (type) {
      case null -> Optional.of(new ValueMatch.Exact(value));
      case "Exact" -> Optional.of(new ValueMatch.Exact(value));
      case "RegularExpression" ->
          compiled(ValueMatch.Regex::new, value, field + ".value", findings);
      default -> {
        findings.invalid(
            field + ".type", "is \"" + type + "\", expected Exact or RegularExpression");
        yield Optional.empty();
      }
    };
  }

  /** A regular expression; empty, and a problem, if it is none. */
  static <T> Optional<T> compiled(
      Function<String, ? extends T> compiler, String expression, String field, Findings findings) {
    if (expression.length() > MAX_EXPRESSION) {
      findings.invalid(
          field,
          "is " + expression.length() + " characters long, expected at most " + MAX_EXPRESSION);
      return Optional.empty();
    }
    try {
      return Optional.of(compiler.apply(expression));
    } catch (PatternSyntaxException e) {
      findings.invalid(
          field,
          "is \""
              + expression
              + "\", expected a regular expression of RE2's syntax: "
              + e.getDescription());
      return Optional.empty();
    }
  }
}
