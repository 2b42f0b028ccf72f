package io.weftmesh.ca.server.directory;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.ca.v1.Workload;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ChangeLogTest {
  private final ChangeLog changes = new ChangeLog(3);

  private static Workload workload(String uid, String node) {
    return Workload.newBuilder().setPodUid(uid).setNode(node).build();
  }

  @Test
  void tellsWhatFollowsAVersionAndSkipsWhatWasOverwritten() {
    changes.put(workload("a", "1"));
    changes.put(workload("b", "1"));
    long known = changes.version();
    changes.put(workload("a", "2"));
    changes.put(workload("a", "3"));
    changes.put(workload("c", "1"));
    changes.remove("c", true);

    ChangeLog.Part part = changes.since(known, 10);
    assertThat(part.workloads()).containsExactly(workload("a", "3"));
    assertThat(part.removedPodUids()).containsExactly("c");
    assertThat(part.endedPodUids()).containsExactly("c");
    assertThat(part.version()).isEqualTo(changes.version());
    assertThat(part.last()).isTrue();
    assertThat(changes.size()).isEqualTo(2);
  }

  @Test
  void goesInPartsThatEachLeadToAVersion() {
    for (int i = 0; i < 5; i++) {
      changes.put(workload("pod-" + i, "1"));
    }
    ChangeLog.Part first = changes.since(1, 2);
    assertThat(first.last()).isFalse();
    ChangeLog.Part second = changes.since(first.version(), 2);
    ChangeLog.Part third = changes.since(second.version(), 2);
    assertThat(third.workloads()).containsExactly(workload("pod-4", "1"));
    assertThat(third.last()).isTrue();
  }

  @Test
  void tellsWhichLabelsAreCarriedOnceAndAfterThosePodsThatHaveThem() {
    changes.put(workload("a", "1"));
    changes.put(workload("b", "1"));
    long before = changes.version();
    changes.labelKeys(Set.of("version"));

    assertThat(changes.since(0, 1).labelKeys()).isNull();
    assertThat(changes.since(0, 10).labelKeys()).containsExactly("version");
    ChangeLog.Part part = changes.since(before, 10);
    assertThat(part.labelKeys()).containsExactly("version");
    assertThat(part.isEmpty()).isFalse();
    assertThat(changes.since(part.version(), 10).isEmpty()).isTrue();
  }

  @Test
  void keysThatAreWhatTheyWereAreNoNews() {
    changes.labelKeys(Set.of("version"));
    long before = changes.version();

    changes.labelKeys(Set.of("version"));

    assertThat(changes.version()).isEqualTo(before);
    changes.labelKeys(Set.of());
    assertThat(changes.since(before, 10).labelKeys()).isEmpty();
  }

  @Test
  void forgetsOldRemovalsAndSaysSo() {
    long before = changes.version();
    for (int i = 0; i < 4; i++) {
      changes.put(workload("pod-" + i, "1"));
      changes.remove("pod-" + i, false);
    }
    assertThat(changes.knowsWhatFollows(before)).isFalse();
    assertThat(changes.knowsWhatFollows(changes.version())).isTrue();
    assertThat(changes.since(changes.version() - 6, 10).removedPodUids())
        .containsExactly("pod-1", "pod-2", "pod-3");
  }

  @Test
  void tellsOfAPodThatEndsAfterItHasLeft() {
    changes.put(workload("a", "1"));
    changes.remove("a", false);
    long left = changes.version();
    assertThat(changes.since(1, 10).endedPodUids()).isEmpty();
    changes.remove("a", false);
    changes.remove("never seen", true);
    assertThat(changes.version()).isEqualTo(left);

    changes.remove("a", true);
    assertThat(changes.since(left, 10).removedPodUids()).containsExactly("a");
    assertThat(changes.since(left, 10).endedPodUids()).containsExactly("a");
    changes.remove("a", false);
    assertThat(changes.since(left, 10).removedPodUids()).containsExactly("a");
    assertThat(changes.since(left, 10).endedPodUids()).isEmpty();
    assertThat(changes.size()).isZero();
  }

  @Test
  void knowsNothingOfVersionsThatItNeverHad() {
    assertThat(changes.knowsWhatFollows(0)).isFalse();
    assertThat(changes.knowsWhatFollows(changes.version() + 1)).isFalse();
    assertThat(changes.knowsWhatFollows(-1)).isFalse();
  }

  /** Readers of every speed end with the same picture, whatever happens in between. */
  @Test
  void everyReaderEndsWithTheSamePicture() {
    Random random = new Random(7);
    for (int round = 0; round < 200; round++) {
      ChangeLog log = new ChangeLog(5);
      Map<String, Workload> truth = new HashMap<>();
      Map<String, Workload> reader = new HashMap<>();
      long position = log.version();
      for (int step = 0; step < 60; step++) {
        String uid = "pod-" + random.nextInt(8);
        if (random.nextInt(3) > 0) {
          Workload workload = workload(uid, "n" + step);
          truth.put(uid, workload);
          log.put(workload);
        } else if (truth.remove(uid) != null) {
          log.remove(uid, random.nextBoolean());
        }
        if (random.nextInt(4) == 0) {
          position = read(log, position, reader, 1 + random.nextInt(3));
        }
      }
      do {
        position = read(log, position, reader, 2);
      } while (position != log.version());
      assertThat(reader).isEqualTo(truth);
    }
  }

  private static long read(ChangeLog log, long position, Map<String, Workload> reader, int limit) {
    if (!log.knowsWhatFollows(position)) {
      Set<String> seen = new HashSet<>();
      ChangeLog.Part part = log.since(0, 1000);
      part.workloads().forEach(workload -> seen.add(workload.getPodUid()));
      part.workloads().forEach(workload -> reader.put(workload.getPodUid(), workload));
      reader.keySet().retainAll(seen);
      return part.version();
    }
    ChangeLog.Part part = log.since(position, limit);
    part.workloads().forEach(workload -> reader.put(workload.getPodUid(), workload));
    part.removedPodUids().forEach(reader::remove);
    return part.version();
  }
}
