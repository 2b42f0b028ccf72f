package io.weftmesh.lab.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ScrapeTest {
  private static final Scrape SCRAPE =
      Scrape.parse(
          """
          # HELP requests_total of all kinds
          # TYPE requests_total counter
          requests_total{to="a",code="200",} 3.0
          requests_total{to="a",code="503"} 1.0 1700000000000
          requests_total{to="b, \\"c\\"\\\\ }",code="200"} 5
          up 1.0
          latency_bucket{le="+Inf"} +Inf
          """);

  @Test
  void sumsTheSeriesThatHaveAllLabels() {
    assertThat(SCRAPE.sum("requests_total")).isEqualTo(9);
    assertThat(SCRAPE.sum("requests_total", "to", "a")).isEqualTo(4);
    assertThat(SCRAPE.sum("requests_total", "to", "a", "code", "503")).isEqualTo(1);
    assertThat(SCRAPE.sum("requests_total", "none", "")).isZero();
    assertThat(SCRAPE.sum("up")).isEqualTo(1);
  }

  @Test
  void labelValuesMayHoldAnything() {
    assertThat(SCRAPE.sum("requests_total", "to", "b, \"c\"\\ }")).isEqualTo(5);
    assertThat(SCRAPE.series("latency_bucket", "le", "+Inf").getFirst().value()).isInfinite();
  }
}
