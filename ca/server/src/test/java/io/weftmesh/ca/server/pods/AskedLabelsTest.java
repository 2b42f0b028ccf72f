package io.weftmesh.ca.server.pods;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.ca.server.TestClock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AskedLabelsTest {
  private final TestClock clock = new TestClock(Instant.parse("2026-03-01T12:00:00Z"));
  private final AskedLabels labels = new AskedLabels(clock);

  @Test
  void tellsWhatIsAskedFor() {
    assertThat(labels.tell(Set.of())).isEmpty();
    assertThat(labels.tell(Set.of("version", "track")))
        .containsExactlyInAnyOrder("version", "track");
  }

  @Test
  void goesOnForAMinuteWithWhatNobodyAsksForAnyMore() {
    labels.tell(Set.of("version"));
    clock.advance(Duration.ofHours(1));

    assertThat(labels.tell(Set.of("track"))).containsExactlyInAnyOrder("version", "track");
    clock.advance(AskedLabels.KEPT_FOR.minusMillis(1));
    assertThat(labels.tell(Set.of("track"))).containsExactlyInAnyOrder("version", "track");
    clock.advance(Duration.ofMillis(1));
    assertThat(labels.tell(Set.of("track"))).containsExactly("track");
  }

  @Test
  void whatIsAskedForAgainStays() {
    labels.tell(Set.of("version"));
    labels.tell(Set.of());
    clock.advance(Duration.ofSeconds(30));
    labels.tell(Set.of("version"));
    clock.advance(Duration.ofSeconds(30));

    assertThat(labels.tell(Set.of("version"))).containsExactly("version");
    assertThat(labels.tell(Set.of())).containsExactly("version");
  }

  @Test
  void ofTooManyThoseThatCameFirstAreTold() {
    Set<String> first = keys("m", AskedLabels.MAX_KEYS);
    labels.tell(first);
    Set<String> more = new HashSet<>(first);
    more.add("a");

    assertThat(labels.tell(more)).isEqualTo(first);
  }

  @Test
  void whatNobodyAsksForMakesRoomForWhatIsAskedFor() {
    labels.tell(keys("m", AskedLabels.MAX_KEYS));

    Set<String> told = labels.tell(keys("z", 3));

    assertThat(told).hasSize(AskedLabels.MAX_KEYS).containsAll(keys("z", 3));
  }

  private static Set<String> keys(String name, int count) {
    return IntStream.range(0, count).mapToObj(i -> name + i).collect(Collectors.toSet());
  }
}
