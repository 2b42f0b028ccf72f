package io.weftmesh.proxy.admin.explain;

import io.weftmesh.policy.model.RateLimit;
import io.weftmesh.policy.model.RetryPolicy;
import io.weftmesh.policy.model.RouteRule;
import io.weftmesh.policy.model.Timeouts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** Says which timeouts and retries are in force for a rule. */
final class Policies {
  private Policies() {}

  static Step step(RouteRule rule) {
    List<String> lines = new ArrayList<>(requests(rule));
    rule.policy().fault().ifPresent(fault -> lines.add("fault on purpose: " + fault));
    rule.policy().rateLimit().ifPresent(limit -> lines.add(text(limit)));
    return new Step("policies", "in force for " + rule.origin(), lines);
  }

  private static String text(RateLimit limit) {
    return "rate by "
        + limit.policy()
        + limit.total().map(rate -> ", in all " + rate).orElse("")
        + limit.perIdentity().map(rate -> ", for each client identity " + rate).orElse("");
  }

  private static List<String> requests(RouteRule rule) {
    List<String> lines = new ArrayList<>();
    Timeouts timeouts = rule.timeouts();
    lines.add("timeout of the request: " + text(timeouts.request()));
    lines.add("timeout of one try, until the answer's head: " + text(timeouts.perTry()));
    RetryPolicy retries = rule.retries();
    lines.add(
        retries.attempts() == 0
            ? "no retries"
            : "up to "
                + retries.attempts()
                + " retries, each on another endpoint, when nothing was sent"
                + (retries.statusCodes().isEmpty()
                    ? ""
                    : " and on status " + new TreeSet<>(retries.statusCodes()))
                + (retries.grpcStatuses().isEmpty()
                    ? ""
                    : " and on grpc-status " + new TreeSet<>(retries.grpcStatuses()))
                + (retries.onReset() ? " and when a try is broken off" : "")
                + (retries.nonIdempotent() ? ", also of methods that are not idempotent" : ""));
    lines.add(
        "pause before a retry: "
            + text(retries.backoff().base())
            + " doubling to "
            + text(retries.backoff().max()));
    lines.add(
        "all retries of the Service: "
            + Math.round(retries.budget().ratio() * 100)
            + " % of its requests and "
            + retries.budget().perSecond()
            + " per second");
    return lines;
  }

  private static String text(Duration duration) {
    return duration.isZero() ? "none" : duration.toMillis() + " ms";
  }
}
