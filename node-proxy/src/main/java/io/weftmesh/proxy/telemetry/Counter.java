package io.weftmesh.proxy.telemetry;

/** One counter with its labels resolved. Thread-safe, never blocks. */
public interface Counter {
  /** Adds one. */
  void increment();

  /** Adds {@code amount}, which must not be negative. */
  void add(double amount);
}
