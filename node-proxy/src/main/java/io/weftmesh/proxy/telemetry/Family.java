package io.weftmesh.proxy.telemetry;

/**
 * All time series of one metric name. Thread-safe.
 *
 * @param <H> the handle of one series: {@link Counter}, {@link Gauge} or {@link Histogram}
 */
public interface Family<H> {
  /**
   * The series with these label values, made at first use. A look-up costs a hash of all values:
   * keep the handle.
   *
   * @throws IllegalArgumentException when there are not as many values as the family has labels
   */
  H with(String... labelValues);

  /**
   * Takes a series off the exposition, when what it speaks of is gone. A handle that is still held
   * stays usable but is no longer shown.
   */
  void remove(String... labelValues);
}
