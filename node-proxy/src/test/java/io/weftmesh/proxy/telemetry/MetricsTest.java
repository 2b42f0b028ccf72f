package io.weftmesh.proxy.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

final class MetricsTest {
  private final Metrics metrics = new Metrics();

  @Test
  void showsCountersUnderTheNameTheyWereGiven() throws IOException {
    var family = metrics.counters("weft_things_total", "Things.", "kind");
    var handle = family.with("a \"quoted\" one");

    handle.increment();
    handle.add(2);

    assertThat(text()).contains("weft_things_total{kind=\"a \\\"quoted\\\" one\",} 3.0");
  }

  @Test
  void leavesOutWhenASeriesBegan() throws IOException {
    metrics.counters("weft_things_total", "Things.").with().increment();

    assertThat(text()).doesNotContain("_created");
  }

  @Test
  void handsOutTheSameSeriesForTheSameLabels() throws IOException {
    var family = metrics.gauges("weft_level", "Level.", "kind");

    family.with("a").set(4);
    family.with("a").add(-1);

    assertThat(text()).contains("weft_level{kind=\"a\",} 3.0");
  }

  @Test
  void asksForTheValueOfASuppliedGaugeAtEachScrape() throws IOException {
    var value = new double[] {1};
    metrics.gauge("weft_asked", "Asked.", () -> value[0]);
    assertThat(text()).contains("weft_asked 1.0");

    value[0] = 2;

    assertThat(text()).contains("weft_asked 2.0");
  }

  @Test
  void countsIntoTheBucketsOfAHistogram() throws IOException {
    var family = metrics.histograms("weft_seconds", "Time.", new double[] {0.01, 0.1}, "route");

    family.with("r").observe(0.05);

    assertThat(text())
        .contains("weft_seconds_bucket{route=\"r\",le=\"0.01\",} 0.0")
        .contains("weft_seconds_bucket{route=\"r\",le=\"0.1\",} 1.0")
        .contains("weft_seconds_count{route=\"r\",} 1.0");
  }

  @Test
  void removesASeriesAndLeavesItsHandleUsable() throws IOException {
    var family = metrics.counters("weft_things_total", "Things.", "kind");
    var handle = family.with("gone");

    family.remove("gone");
    handle.increment();

    assertThat(text()).doesNotContain("gone");
  }

  @Test
  void refusesASecondRegistrationAndACounterWithoutItsSuffix() {
    metrics.counters("weft_things_total", "Things.");

    assertThatIllegalArgumentException()
        .isThrownBy(() -> metrics.counters("weft_things_total", "Things."));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> metrics.counters("weft_things", "Things."))
        .withMessageContaining("weft_things");
  }

  private String text() throws IOException {
    var out = new StringWriter();
    metrics.writeText(out);
    return out.toString();
  }
}
