package io.weftmesh.proxy.http;

import org.jspecify.annotations.Nullable;

/**
 * Counts one request when it is known what came of it: under the connection that carried it last,
 * if one did. Confined to the loop of the request.
 */
final class Tally {
  private final HttpMetrics metrics;
  private final String source;
  private final String service;
  private final boolean mirrored;
  private final Target target;
  private final TimeLimits limits;
  private HttpMetrics.@Nullable Series series;

  Tally(
      HttpMetrics metrics,
      String source,
      String service,
      boolean mirrored,
      Target target,
      TimeLimits limits) {
    this.metrics = metrics;
    this.source = source;
    this.service = service;
    this.mirrored = mirrored;
    this.target = target;
    this.limits = limits;
  }

  /** It is sent by this connection, which keeps the handles for the next. */
  void via(UpstreamSide connection) {
    series = mirrored ? series() : connection.series(metrics, source, service, target.label());
  }

  void answered(int status) {
    series().answered(status, limits.tookNanos());
  }

  void failed(ErrorReason reason) {
    series().failed(reason, limits.tookNanos());
  }

  private HttpMetrics.Series series() {
    HttpMetrics.Series resolved = series;
    return resolved != null
        ? resolved
        : mirrored
            ? metrics.mirrorSeries(source, service, target.label())
            : metrics.series(source, service, target.label(), null);
  }
}
