package io.weftmesh.proxy.capture;

import io.weftmesh.proxy.routing.Security;
import io.weftmesh.proxy.tcp.Relay;
import io.weftmesh.proxy.telemetry.Counter;
import io.weftmesh.proxy.telemetry.Family;
import io.weftmesh.proxy.telemetry.Metrics;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The series of connections whose bytes are relayed. One instance for the process; thread-safe.
 *
 * <p>Labels are workloads and Services, never addresses, in the words that HTTP's series use too.
 */
public final class TcpMetrics {
  /** Which side of the mesh the connection was seen on. */
  public enum Direction {
    OUTBOUND,
    INBOUND;

    private final String label = name().toLowerCase(Locale.ROOT);
  }

  private static final String[] LABELS = {
    "direction", "source_workload", "destination_service", "backend", "security"
  };

  private final Family<Counter> opened;
  private final Family<Counter> closed;
  private final Family<Counter> sent;
  private final Family<Counter> received;
  private final Family<Counter> failed;
  private final Map<Key, Flow> flows = new ConcurrentHashMap<>();

  public TcpMetrics(Metrics metrics) {
    opened =
        metrics.counters(
            "weft_tcp_connections_opened_total",
            "Connections whose bytes are relayed, from the moment both sides were connected.",
            LABELS);
    closed =
        metrics.counters(
            "weft_tcp_connections_closed_total",
            "How such connections ended: finished in order, reset, or idle for too long.",
            "direction",
            "source_workload",
            "destination_service",
            "backend",
            "security",
            "end");
    sent = metrics.counters("weft_tcp_sent_bytes_total", "Bytes from client to server.", LABELS);
    received =
        metrics.counters("weft_tcp_received_bytes_total", "Bytes from server to client.", LABELS);
    failed =
        metrics.counters(
            "weft_tcp_connections_failed_total",
            "Connections that were reset because no other side was found for them, by reason.",
            "direction",
            "source_workload",
            "destination_service",
            "reason");
  }

  /** The handles for one way through the mesh. */
  Flow flow(Direction direction, String source, String service, String backend, Security security) {
    Key key = new Key(direction, source, service, backend, security);
    Flow known = flows.get(key);
    return known != null ? known : flows.computeIfAbsent(key, Flow::new);
  }

  /** A connection was reset: {@code reason} is a word in lower case. */
  void failed(Direction direction, String source, String service, String reason) {
    failed.with(direction.label, source, service, reason).increment();
  }

  private record Key(
      Direction direction, String source, String service, String backend, Security security) {}

  /** Resolved handles. */
  final class Flow {
    private final Counter connections;
    private final Counter bytesSent;
    private final Counter bytesReceived;
    private final Map<Relay.End, Counter> ends = new EnumMap<>(Relay.End.class);

    private Flow(Key key) {
      String[] labels = {
        key.direction.label, key.source, key.service, key.backend, key.security.label()
      };
      connections = opened.with(labels);
      bytesSent = sent.with(labels);
      bytesReceived = received.with(labels);
      for (Relay.End end : Relay.End.values()) {
        ends.put(
            end,
            closed.with(
                labels[0],
                labels[1],
                labels[2],
                labels[3],
                labels[4],
                end.name().toLowerCase(Locale.ROOT)));
      }
    }

    void opened() {
      connections.increment();
    }

    void closed(Relay.End end) {
      Counter counter = ends.get(end);
      if (counter != null) {
        counter.increment();
      }
    }

    Counter sent() {
      return bytesSent;
    }

    Counter received() {
      return bytesReceived;
    }
  }
}
