package io.weftmesh.ca.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
  @TempDir private Path folder;
  private Path file;

  @BeforeEach
  void file() {
    file = folder.resolve("journal");
  }

  private Map<String, String> reopened() throws IOException {
    try (Journal journal = Journal.open(file)) {
      return Map.copyOf(journal.entries());
    }
  }

  @Test
  void keepsWhatWasPutAndNotRemoved() throws Exception {
    try (Journal journal = Journal.open(file)) {
      journal.update(Map.of("a", "1", "b", "2"), Set.of());
      journal.update(Map.of("c", "3", "a", "4"), Set.of("b", "never there"));
      assertThat(journal.entries()).isEqualTo(Map.of("a", "4", "c", "3"));
    }
    assertThat(reopened()).isEqualTo(Map.of("a", "4", "c", "3"));
  }

  @Test
  void isReadableByItsOwnerAlone() throws Exception {
    reopened();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @Test
  void dropsALastLineThatACrashCutOff() throws Exception {
    try (Journal journal = Journal.open(file)) {
      journal.update(Map.of("a", "1"), Set.of());
    }
    Files.writeString(file, "+b\t2\n-a\n+c", StandardOpenOption.APPEND);

    assertThat(reopened()).isEqualTo(Map.of("b", "2"));
  }

  @Test
  void refusesAFileThatIsNoJournal() throws Exception {
    Files.writeString(file, "+a\t1\nhello\n");

    assertThatThrownBy(this::reopened)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("journal:2 is \"hello\"");
  }

  @Test
  void doesNotGrowWithItsHistory() throws Exception {
    try (Journal journal = Journal.open(file)) {
      for (int round = 0; round < 40; round++) {
        Map<String, String> pods = new HashMap<>();
        for (int i = 0; i < 100; i++) {
          pods.put("pod-" + i, "node-" + round);
        }
        journal.update(pods, Set.of());
      }
    }
    assertThat(Files.readAllLines(file)).hasSizeLessThan(1500);
    assertThat(reopened()).hasSize(100).containsEntry("pod-7", "node-39");
  }

  @Test
  void writesNothingWhenNothingChanges() throws Exception {
    try (Journal journal = Journal.open(file)) {
      journal.update(Map.of("a", "1"), Set.of());
      long size = Files.size(file);
      journal.update(Map.of("a", "1"), Set.of("b"));
      assertThat(Files.size(file)).isEqualTo(size);
    }
  }

  @Test
  void holdsNoLineBreaks() throws Exception {
    try (Journal journal = Journal.open(file)) {
      assertThatThrownBy(() -> journal.update(Map.of("a\nb", "1"), Set.of()))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
