package io.weftmesh.proxy.telemetry;

import io.prometheus.client.Collector;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.GaugeMetricFamily;
import io.prometheus.client.SimpleCollector;
import io.prometheus.client.exporter.common.TextFormat;
import java.io.IOException;
import java.io.Writer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.DoubleSupplier;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The metrics of one process, in the Prometheus text format. Every method may be called from any
 * thread; {@link #writeText} takes time in proportion to the number of series and does not belong
 * on an event loop.
 *
 * <p>A name may be registered once; a second time is a programming error and throws {@link
 * IllegalArgumentException}.
 */
public final class Metrics {
  private final CollectorRegistry registry = new CollectorRegistry(true);

  /** Counters under {@code name}, which ends in {@code _total}. */
  public Family<Counter> counters(String name, String help, String... labels) {
    if (!name.endsWith("_total")) {
      throw new IllegalArgumentException("a counter's name ends in _total, but this is " + name);
    }
    var collector =
        io.prometheus.client.Counter.build(name, help)
            .labelNames(labels)
            .withoutExemplars()
            .register(registry);
    return new Series<>(collector, CounterHandle::new);
  }

  /** Gauges under {@code name}. */
  public Family<Gauge> gauges(String name, String help, String... labels) {
    var collector =
        io.prometheus.client.Gauge.build(name, help).labelNames(labels).register(registry);
    return new Series<>(collector, GaugeHandle::new);
  }

  /** Histograms under {@code name}, with the given ascending upper bounds. */
  public Family<Histogram> histograms(
      String name, String help, double[] bucketsSeconds, String... labels) {
    var collector =
        io.prometheus.client.Histogram.build(name, help)
            .buckets(bucketsSeconds)
            .labelNames(labels)
            .withoutExemplars()
            .register(registry);
    return new Series<>(collector, child -> child::observe);
  }

  /** One gauge whose value is asked for at each scrape, on the scraping thread. */
  public void gauge(String name, String help, DoubleSupplier value) {
    io.prometheus.client.Gauge.build(name, help)
        .create()
        .setChild(
            new io.prometheus.client.Gauge.Child() {
              @Override
              public double get() {
                return value.getAsDouble();
              }
            })
        .register(registry);
  }

  /**
   * Gauges whose series, too, are asked for at each scrape, on the scraping thread: they are there
   * as long as what they speak of, and nobody has to remove them.
   */
  public void gauges(
      String name, String help, List<String> labels, Supplier<List<Reading>> readings) {
    new Collector() {
      @Override
      public List<MetricFamilySamples> collect() {
        var family = new GaugeMetricFamily(name, help, labels);
        readings.get().forEach(reading -> family.addMetric(reading.labelValues(), reading.value()));
        return List.of(family);
      }
    }.register(registry);
  }

  /** Writes all series in the text format, version 0.0.4. */
  public void writeText(Writer out) throws IOException {
    TextFormat.write004(out, Collections.enumeration(samples()));
  }

  /** Without the time at which each series began, which doubles them and which nobody asks for. */
  private List<Collector.MetricFamilySamples> samples() {
    List<Collector.MetricFamilySamples> families = new ArrayList<>();
    for (var family : Collections.list(registry.metricFamilySamples())) {
      families.add(
          new Collector.MetricFamilySamples(
              family.name,
              family.unit,
              family.type,
              family.help,
              family.samples.stream()
                  .filter(sample -> !sample.name.endsWith("_created"))
                  .toList()));
    }
    return families;
  }

  private record Series<C, H>(SimpleCollector<C> collector, Function<C, H> handle)
      implements Family<H> {
    @Override
    public H with(String... labelValues) {
      return handle.apply(collector.labels(labelValues));
    }

    @Override
    public void remove(String... labelValues) {
      collector.remove(labelValues);
    }
  }

  private record CounterHandle(io.prometheus.client.Counter.Child child) implements Counter {
    @Override
    public void increment() {
      child.inc();
    }

    @Override
    public void add(double amount) {
      child.inc(amount);
    }
  }

  private record GaugeHandle(io.prometheus.client.Gauge.Child child) implements Gauge {
    @Override
    public void set(double value) {
      child.set(value);
    }

    @Override
    public void add(double difference) {
      child.inc(difference);
    }
  }
}
