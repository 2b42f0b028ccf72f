package io.weftmesh.proxy.http;

import io.netty.channel.Channel;
import io.weftmesh.proxy.routing.Security;
import io.weftmesh.proxy.telemetry.Counter;
import io.weftmesh.proxy.telemetry.Family;
import io.weftmesh.proxy.telemetry.Histogram;
import io.weftmesh.proxy.telemetry.Metrics;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The series of the HTTP data plane. One instance for the process; thread-safe. */
public final class HttpMetrics {
  private static final Logger LOG = LoggerFactory.getLogger(HttpMetrics.class);
  private static final double[] LATENCY_SECONDS = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60
  };
  private static final String OUTBOUND = "outbound";
  private static final String INBOUND = "inbound";

  /** Apart from the rest, or mirrors would count as traffic, and their failures as failures. */
  private static final String MIRROR = "mirror";

  private final String direction;
  private final Family<Counter> requests;
  private final Family<Histogram> latency;
  private final Family<Counter> retries;
  private final Family<Counter> budgetExhausted;
  private final Family<Counter> switched;
  private final Counter faults;
  private final Map<SeriesKey, Series> series;
  private final Map<RetryKey, Counter> retriesByKey = new ConcurrentHashMap<>();
  private final Map<String, Counter> exhaustedByService = new ConcurrentHashMap<>();

  public HttpMetrics(Metrics metrics) {
    direction = OUTBOUND;
    series = new ConcurrentHashMap<>();
    requests =
        metrics.counters(
            "weft_requests_total",
            "HTTP requests that were answered, by the application or (error) by the proxy;"
                + " response_code 499 when the client left first.",
            "direction",
            "source_workload",
            "destination_service",
            "backend",
            "response_code",
            "error",
            "security");
    latency =
        metrics.histograms(
            "weft_request_duration_seconds",
            "Time from a request's head to the last byte of its answer, retries included.",
            LATENCY_SECONDS,
            "direction",
            "source_workload",
            "destination_service",
            "backend",
            "security");
    retries =
        metrics.counters(
            "weft_retries_total",
            "Requests sent again, by why.",
            "destination_service",
            "backend",
            "reason");
    budgetExhausted =
        metrics.counters(
            "weft_retry_budget_exhausted_total",
            "Retries not made because the Service's budget for retries was used up.",
            "destination_service");
    faults =
        metrics
            .counters(
                "weft_http_faults_total",
                "Connections closed because of a fault in the proxy itself. Please report these.")
            .with();
    switched =
        metrics.counters(
            "weft_switched_bytes_total",
            "Bytes carried after a connection switched protocols (WebSocket, CONNECT).",
            "source_workload",
            "destination_service",
            "flow");
  }

  private HttpMetrics(HttpMetrics shared, String direction) {
    this.direction = direction;
    series = shared.series;
    requests = shared.requests;
    latency = shared.latency;
    retries = shared.retries;
    budgetExhausted = shared.budgetExhausted;
    faults = shared.faults;
    switched = shared.switched;
  }

  /** The same, for what is seen at the pods that are called. */
  HttpMetrics inbound() {
    return new HttpMetrics(this, INBOUND);
  }

  /** The handles for one way through the mesh; to be kept by whoever goes that way often. */
  Series series(String source, String service, String backend, @Nullable Security security) {
    return series(new SeriesKey(direction, source, service, backend, security));
  }

  /** The handles for the copies of requests to a Service that a backend gets. */
  Series mirrorSeries(String source, String service, String backend) {
    return series(new SeriesKey(MIRROR, source, service, backend, null));
  }

  private Series series(SeriesKey key) {
    Series known = series.get(key);
    return known != null ? known : series.computeIfAbsent(key, Series::new);
  }

  Counter retries(String service, String backend, RetryReason reason) {
    var key = new RetryKey(service, backend, reason);
    Counter known = retriesByKey.get(key);
    return known != null
        ? known
        : retriesByKey.computeIfAbsent(key, k -> retries.with(service, backend, reason.word()));
  }

  Counter budgetExhausted(String service) {
    return exhaustedByService.computeIfAbsent(service, budgetExhausted::with);
  }

  Counter switchedBytes(String source, String service, String flow) {
    return switched.with(source, service, flow);
  }

  /** Looks at what ended a connection: what did not come from the network is a fault of ours. */
  void ended(Channel channel, Throwable cause) {
    if (!(cause instanceof IOException)) {
      faults.increment();
      LOG.warn("closing {} because of a fault", channel, cause);
    }
  }

  private record SeriesKey(
      String direction,
      String source,
      String service,
      String backend,
      @Nullable Security security) {}

  private record RetryKey(String service, String backend, RetryReason reason) {}

  /** Resolved handles; the counters of status codes are resolved when a code is first seen. */
  final class Series {
    private static final int FIRST = 100;
    private static final int LAST = 999;

    private final SeriesKey key;
    private final String security;
    private final Histogram duration;
    // Races on these only resolve the same handle twice.
    private final @Nullable Counter[] byStatus = new Counter[LAST - FIRST + 1];
    private final Map<ErrorReason, Counter> byError = new ConcurrentHashMap<>(4);

    private Series(SeriesKey key) {
      this.key = key;
      this.security = key.security == null ? "" : key.security.label();
      this.duration = latency.with(key.direction, key.source, key.service, key.backend, security);
    }

    boolean isFor(String service, String backend) {
      return key.service.equals(service) && key.backend.equals(backend);
    }

    void answered(int status, long tookNanos) {
      int place = Math.clamp(status, FIRST, LAST) - FIRST;
      Counter counter = byStatus[place];
      if (counter == null) {
        counter = counter(status, "");
        byStatus[place] = counter;
      }
      counter.increment();
      duration.observe(tookNanos / 1e9);
    }

    void failed(ErrorReason reason, long tookNanos) {
      byError.computeIfAbsent(reason, seen -> counter(seen.status(), seen.word())).increment();
      duration.observe(tookNanos / 1e9);
    }

    private Counter counter(int status, String error) {
      return requests.with(
          key.direction,
          key.source,
          key.service,
          key.backend,
          Integer.toString(status),
          error,
          security);
    }
  }
}
