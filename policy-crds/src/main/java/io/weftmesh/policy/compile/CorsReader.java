package io.weftmesh.policy.compile;

import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPCORSFilter;
import io.weftmesh.policy.model.Filter;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads CORS filters. */
final class CorsReader {
  /** {@code *}, or scheme, host and perhaps port; the host may begin with {@code *.}. */
  private static final Pattern ORIGIN =
      Pattern.compile(
          "\\*|[a-zA-Z][a-zA-Z0-9+.-]*://(\\*|(\\*\\.)?[a-zA-Z0-9.-]+|\\[[0-9a-fA-F:.]+\\])(:[0-9]{1,5})?");

  private static final String ANY = "*";
  private static final int DEFAULT_MAX_AGE = 5;

  private CorsReader() {}

  static Filter.Cors read(HTTPCORSFilter cors, String field, Findings findings) {
    findings.nothingElse(field, cors.getAdditionalProperties());
    Integer maxAge = findings.within(field + ".maxAge", cors.getMaxAge(), 1, Integer.MAX_VALUE);
    return new Filter.Cors(
        origins(cors.getAllowOrigins(), field + ".allowOrigins", findings),
        Boolean.TRUE.equals(cors.getAllowCredentials()),
        new LinkedHashSet<>(names(cors.getAllowMethods(), field + ".allowMethods", findings)),
        names(cors.getAllowHeaders(), field + ".allowHeaders", findings),
        names(cors.getExposeHeaders(), field + ".exposeHeaders", findings),
        maxAge == null ? DEFAULT_MAX_AGE : maxAge);
  }

  private static List<String> origins(
      @Nullable List<String> written, String list, Findings findings) {
    List<String> origins = new ArrayList<>();
    for (int i = 0; i < RouteDraft.count(written); i++) {
      String field = list + "[" + i + "]";
      String origin = findings.required(field, RouteDraft.at(written, i));
      if (origin != null && !ORIGIN.matcher(origin).matches()) {
        findings.invalid(
            field,
            "is \"" + origin + "\", expected * or an origin such as https://*.example.com:8443");
      } else if (origin != null) {
        origins.add(origin);
      }
    }
    alone(origins, list, findings);
    return origins;
  }

  /** Methods and headers are tokens alike. */
  private static List<String> names(
      @Nullable List<String> written, String list, Findings findings) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < RouteDraft.count(written); i++) {
      String name = HeaderChanges.name(RouteDraft.at(written, i), list + "[" + i + "]", findings);
      if (name != null) {
        names.add(name);
      }
    }
    alone(names, list, findings);
    return names;
  }

  private static void alone(List<String> names, String list, Findings findings) {
    if (names.size() > 1 && names.contains(ANY)) {
      findings.invalid(list, "has * beside other entries, expected it alone");
    }
  }
}
