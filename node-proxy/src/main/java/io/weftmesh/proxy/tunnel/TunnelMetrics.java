package io.weftmesh.proxy.tunnel;

import io.weftmesh.proxy.telemetry.Counter;
import io.weftmesh.proxy.telemetry.Family;
import io.weftmesh.proxy.telemetry.Gauge;
import io.weftmesh.proxy.telemetry.Metrics;

/** What this room counts. Thread-safe. */
public final class TunnelMetrics {
  private final Family<Counter> failures;
  private final Family<Counter> refused;
  private final Side client;
  private final Side server;

  public TunnelMetrics(Metrics metrics) {
    Family<Gauge> tunnels =
        metrics.gauges("weft_tunnels", "Tunnels open, by the side that this node is.", "side");
    Family<Gauge> streams =
        metrics.gauges("weft_tunnel_streams", "Streams open in all tunnels.", "side");
    Family<Counter> opened =
        metrics.counters("weft_tunnels_opened_total", "Tunnels that got through TLS.", "side");
    Family<Counter> resets =
        metrics.counters("weft_tunnel_resets_total", "RST_STREAM frames.", "side", "direction");
    Family<Counter> goAways =
        metrics.counters("weft_tunnel_goaways_total", "GOAWAY frames.", "side", "direction");
    failures =
        metrics.counters(
            "weft_tunnel_failures_total",
            "Tunnels that were not opened, or broke, by reason.",
            "side",
            "reason");
    refused =
        metrics.counters(
            "weft_tunnel_connects_refused_total",
            "CONNECT requests that were not answered with 200, by reason.",
            "side",
            "reason");
    client = new Side("client", tunnels, streams, opened, resets, goAways);
    server = new Side("server", tunnels, streams, opened, resets, goAways);
  }

  Side client() {
    return client;
  }

  Side server() {
    return server;
  }

  /** One end's handles, resolved once. */
  final class Side {
    private final String name;
    private final Gauge tunnels;
    private final Gauge streams;
    private final Counter opened;
    private final Counter resetsSent;
    private final Counter resetsReceived;
    private final Counter goAwaysSent;
    private final Counter goAwaysReceived;

    private Side(
        String name,
        Family<Gauge> tunnels,
        Family<Gauge> streams,
        Family<Counter> opened,
        Family<Counter> resets,
        Family<Counter> goAways) {
      this.name = name;
      this.tunnels = tunnels.with(name);
      this.streams = streams.with(name);
      this.opened = opened.with(name);
      this.resetsSent = resets.with(name, "sent");
      this.resetsReceived = resets.with(name, "received");
      this.goAwaysSent = goAways.with(name, "sent");
      this.goAwaysReceived = goAways.with(name, "received");
    }

    void tunnelOpened() {
      tunnels.add(1);
      opened.increment();
    }

    void tunnelClosed() {
      tunnels.add(-1);
    }

    void streamOpened() {
      streams.add(1);
    }

    void streamClosed() {
      streams.add(-1);
    }

    void resetSent() {
      resetsSent.increment();
    }

    void resetReceived() {
      resetsReceived.increment();
    }

    void goAwaySent() {
      goAwaysSent.increment();
    }

    void goAwayReceived() {
      goAwaysReceived.increment();
    }

    /** {@code reason} is one of few words of the code's own, never a message. */
    void failed(String reason) {
      failures.with(name, reason).increment();
    }

    void refused(String reason) {
      refused.with(name, reason).increment();
    }
  }
}
