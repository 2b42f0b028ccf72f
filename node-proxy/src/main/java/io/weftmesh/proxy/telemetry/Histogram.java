package io.weftmesh.proxy.telemetry;

/** One latency histogram with its labels resolved. Thread-safe, never blocks. */
public interface Histogram {
  /** Records one duration. */
  void observe(double seconds);
}
