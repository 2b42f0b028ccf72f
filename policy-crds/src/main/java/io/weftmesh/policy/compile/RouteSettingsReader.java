package io.weftmesh.policy.compile;

import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRouteRetry;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRouteTimeouts;
import io.weftmesh.policy.compile.RouteSettings.Retry;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads the timeouts and the retry stanza of a rule. */
final class RouteSettingsReader {
  /** Beyond this it is a mistake: each retry puts another request on what is failing. */
  private static final int MAX_ATTEMPTS = 100;

  private RouteSettingsReader() {}

  static RouteSettings read(
      @Nullable HTTPRouteTimeouts timeouts,
      @Nullable HTTPRouteRetry retry,
      String rule,
      Findings findings) {
    Duration request = null;
    Duration perTry = null;
    if (timeouts != null) {
      String field = rule + ".timeouts";
      findings.nothingElse(field, timeouts.getAdditionalProperties());
      request = duration(timeouts.getRequest(), field + ".request", findings);
      perTry = duration(timeouts.getBackendRequest(), field + ".backendRequest", findings);
      if (request != null
          && perTry != null
          && request.isPositive()
          && perTry.compareTo(request) > 0) {
        findings.invalid(
            field + ".backendRequest",
            "is "
                + timeouts.getBackendRequest()
                + ", expected no more than "
                + field
                + ".request, which is "
                + timeouts.getRequest());
      }
    }
    return new RouteSettings(
        request, perTry, retry == null ? null : retry(retry, rule + ".retry", findings));
  }

  private static Retry retry(HTTPRouteRetry retry, String field, Findings findings) {
    findings.nothingElse(field, retry.getAdditionalProperties());
    Set<Integer> codes = new LinkedHashSet<>();
    for (int i = 0; i < RouteDraft.count(retry.getCodes()); i++) {
      String at = field + ".codes[" + i + "]";
      Integer code =
          findings.within(at, findings.present(at, RouteDraft.at(retry.getCodes(), i)), 400, 599);
      if (code != null) {
        codes.add(code);
      }
    }
    return new Retry(
        findings.within(field + ".attempts", retry.getAttempts(), 0, MAX_ATTEMPTS),
        codes,
        duration(retry.getBackoff(), field + ".backoff", findings));
  }

  private static @Nullable Duration duration(
      @Nullable String text, String field, Findings findings) {
    return text == null ? null : Durations.read(findings, field, text, Duration.ZERO);
  }
}
