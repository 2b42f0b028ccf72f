package io.weftmesh.lab.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.client.Outcome.Kind;
import java.io.EOFException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LoadReportTest {
  @Test
  void quantilesAreTakenOverAllRequests() {
    LoadReport report =
        new LoadReport(
            IntStream.rangeClosed(1, 100).mapToObj(i -> outcome(0, i, Kind.OK, "a")).toList());
    assertThat(report.quantile(0.5)).isEqualTo(Duration.ofMillis(51));
    assertThat(report.quantile(0.99)).isEqualTo(Duration.ofMillis(100));
    assertThat(report.quantile(1)).isEqualTo(Duration.ofMillis(100));
    assertThat(new LoadReport(List.of()).quantile(0.5)).isZero();
  }

  @Test
  void partOfALoadIsChosenByWhenItsRequestsBegan() {
    LoadReport report =
        new LoadReport(
            List.of(
                outcome(0, 1, Kind.OK, "a"),
                outcome(10, 1, Kind.RESET, ""),
                outcome(20, 1, Kind.OK, "b")));
    assertThat(report.failures()).hasSize(1);
    assertThat(report.byPod()).containsEntry("a", 1L).containsEntry("b", 1L).hasSize(2);
    assertThat(report.between(Duration.ofMillis(10), Duration.ofMillis(20)).outcomes()).hasSize(1);
  }

  @Test
  void aPodHasAnsweredWhateverItsAnswerWas() {
    LoadReport report =
        new LoadReport(
            List.of(
                outcome(0, 1, Kind.OK, "a"),
                outcome(1, 1, Kind.STATUS, "a"),
                outcome(2, 1, Kind.STATUS, ""),
                outcome(3, 1, Kind.TIMEOUT, "")));
    assertThat(report.byPod()).containsOnly(Map.entry("a", 1L));
    assertThat(report.answeredByPod()).containsOnly(Map.entry("a", 2L));
    assertThat(report.percentGood()).isEqualTo(25);
  }

  @Test
  void failuresAreToldApart() {
    assertThat(Outcome.kindOf(new ConnectException("Connection refused"))).isEqualTo(Kind.REFUSED);
    assertThat(Outcome.kindOf(new ConnectException("Connection timed out")))
        .isEqualTo(Kind.TIMEOUT);
    assertThat(Outcome.kindOf(new SocketTimeoutException("Read timed out")))
        .isEqualTo(Kind.TIMEOUT);
    assertThat(Outcome.kindOf(new SocketException("Connection reset"))).isEqualTo(Kind.RESET);
    assertThat(Outcome.kindOf(new EOFException("closed"))).isEqualTo(Kind.CLOSED);
  }

  private static Outcome outcome(int atMillis, int tookMillis, Kind kind, String pod) {
    return new Outcome(Duration.ofMillis(atMillis), Duration.ofMillis(tookMillis), kind, pod, "");
  }
}
