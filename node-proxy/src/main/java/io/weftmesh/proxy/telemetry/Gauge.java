package io.weftmesh.proxy.telemetry;

/** One gauge with its labels resolved. Thread-safe, never blocks. */
public interface Gauge {
  /** Replaces the value. */
  void set(double value);

  /** Adds {@code difference}, which may be negative. */
  void add(double difference);
}
