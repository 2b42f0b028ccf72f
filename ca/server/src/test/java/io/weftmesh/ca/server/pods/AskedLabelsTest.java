package io.weftmesh.ca.server.pods;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.ca.server.TestClock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AskedLabelsTest {
  private final TestClock clock = new TestClock(Instant.parse("2026-03-01T12:00:00Z"));
  private final AskedLabels labels = new AskedLabels(clock);

  @Test
  void tellsWhatIsAskedFor() {
    assertThat(tell(Set.of())).isEmpty();
    assertThat(tell(Set.of("version", "track"))).containsExactlyInAnyOrder("version", "track");
  }

  @Test
  void goesOnForAMinuteWithWhatNobodyAsksForAnyMore() {
    tell(Set.of("version"));
    clock.advance(Duration.ofHours(1));

    assertThat(tell(Set.of("track"))).containsExactlyInAnyOrder("version", "track");
    clock.advance(AskedLabels.KEPT_FOR.minusMillis(1));
    assertThat(tell(Set.of("track"))).containsExactlyInAnyOrder("version", "track");
    clock.advance(Duration.ofMillis(1));
    assertThat(tell(Set.of("track"))).containsExactly("track");
  }

  @Test
  void whatIsAskedForAgainStays() {
    tell(Set.of("version"));
    tell(Set.of());
    clock.advance(Duration.ofSeconds(30));
    tell(Set.of("version"));
    clock.advance(Duration.ofSeconds(30));

    assertThat(tell(Set.of("version"))).containsExactly("version");
    assertThat(tell(Set.of())).containsExactly("version");
  }

  @Test
  void ofTooManyThoseThatCameFirstAreTold() {
    Set<String> first = keys("m", AskedLabels.MAX_KEYS);
    tell(first);
    Set<String> more = new HashSet<>(first);
    more.add("a");

    assertThat(tell(more)).isEqualTo(first);
  }

  @Test
  void oneNamespaceDoesNotTakeThePlacesOfOthers() {
    Map<String, Set<String>> askers = new HashMap<>();
    keys("a", AskedLabels.MAX_KEYS).forEach(key -> askers.put(key, Set.of("greedy")));
    askers.put("version", Set.of("shop", "lab"));
    askers.put("track", Set.of("shop"));

    assertThat(labels.tell(askers))
        .contains("version", "track")
        .hasSize(AskedLabels.MAX_OF_NAMESPACE + 2);
  }

  @Test
  void ofTooManyThoseThatMostNamespacesAskForAreTold() {
    Map<String, Set<String>> askers = askers(keys("a", AskedLabels.MAX_KEYS));
    askers.put("version", Set.of("shop", "lab"));

    assertThat(labels.tell(askers)).contains("version").hasSize(AskedLabels.MAX_KEYS);
  }

  @Test
  void ofTooManyOfANamespaceThoseThatCameFirstAreTold() {
    Set<String> first = keys("m", AskedLabels.MAX_OF_NAMESPACE);
    Map<String, Set<String>> askers = new HashMap<>();
    first.forEach(key -> askers.put(key, Set.of("shop")));
    labels.tell(askers);
    askers.put("a", Set.of("shop"));
    assertThat(labels.tell(askers)).isEqualTo(first);

    askers.put("a", Set.of("shop", "lab"));
    assertThat(labels.tell(askers)).contains("a").containsAll(first);
  }

  @Test
  void whatNobodyAsksForMakesRoomForWhatIsAskedFor() {
    tell(keys("m", AskedLabels.MAX_KEYS));

    Set<String> told = tell(keys("z", 3));

    assertThat(told).hasSize(AskedLabels.MAX_KEYS).containsAll(keys("z", 3));
  }

  private Set<String> tell(Set<String> askedFor) {
    return labels.tell(askers(askedFor));
  }

  /** Each by a namespace of its own. */
  private static Map<String, Set<String>> askers(Set<String> askedFor) {
    Map<String, Set<String>> askers = new HashMap<>();
    askedFor.forEach(key -> askers.put(key, Set.of("of-" + key)));
    return askers;
  }

  private static Set<String> keys(String name, int count) {
    return IntStream.range(0, count).mapToObj(i -> name + i).collect(Collectors.toSet());
  }
}
