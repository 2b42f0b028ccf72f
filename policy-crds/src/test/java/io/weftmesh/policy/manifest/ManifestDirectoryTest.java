package io.weftmesh.policy.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Function;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManifestDirectoryTest {
  private static final Set<Class<? extends HasMetadata>> WANTED =
      Set.of(Namespace.class, Pod.class, Service.class);

  @TempDir Path folder;
  private int edits;

  @Test
  void readsSeveralDocumentsOfSeveralFilesInOrder() throws IOException {
    write("b.yaml", namespace("two"));
    write("a.yml", "# only a comment\n---\n" + namespace("one") + "---\n\n---\n" + pod("p"));
    write(
        "c.json",
        "{\"apiVersion\": \"v1\", \"kind\": \"Namespace\", \"metadata\": {\"name\": \"three\"}}");
    write(".hidden.yaml", "{");
    write("notes.txt", "{");

    Manifests<String> manifests = read().current();

    assertThat(manifests.values(String.class))
        .containsExactly("Namespace one", "Pod default/p", "Namespace two", "Namespace three");
    assertThat(manifests.problems()).isEmpty();
    assertThat(manifests.complete()).isTrue();
    assertThat(manifests.objects().get(1).line()).isEqualTo(10);
  }

  @Test
  void readsTheItemsOfAList() throws IOException {
    write(
        "list.yaml",
        """
        apiVersion: v1
        kind: List
        items:
        - apiVersion: v1
          kind: Namespace
          metadata: {name: one}
        - apiVersion: v1
          kind: Pod
          metadata: {name: p, namespace: one}
        """);

    Manifests<String> manifests = read().current();

    assertThat(manifests.values(String.class)).containsExactly("Namespace one", "Pod one/p");
    assertThat(manifests.objects().get(1).line()).isEqualTo(7);
  }

  @Test
  void resolvesAliases() throws IOException {
    write(
        "alias.yaml",
        """
        apiVersion: v1
        kind: Namespace
        metadata:
          name: &name shop
          labels: {app: *name}
        """);

    ManifestDirectory<HasMetadata> directory =
        ManifestDirectory.read(folder, WANTED, Function.identity());

    HasMetadata object = directory.current().objects().getFirst().value();
    assertThat(object.getMetadata().getLabels()).containsEntry("app", "shop");
  }

  @Test
  void reportsKindsThatNoProcessKnowsAndPassesOverThoseOfOthers() throws IOException {
    write(
        "a.yaml",
        namespace("one")
            + "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n"
            + "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: e}\n");

    Manifests<String> manifests = read().current();

    assertThat(manifests.values(String.class)).containsExactly("Namespace one");
    assertThat(manifests.problems())
        .singleElement()
        .satisfies(problem -> {
          assertThat(problem.severity()).isEqualTo(ManifestProblem.Severity.DOCUMENT_IGNORED);
          assertThat(problem.toString()).startsWith("a.yaml:6: apps/v1 Deployment");
        });
    assertThat(manifests.complete()).isTrue();
  }

  @Test
  void keepsTheFirstOfTwoObjectsOfOneName() throws IOException {
    write("a.yaml", pod("p"));
    write("b.yaml", namespace("one") + "---\n" + pod("p"));

    Manifests<String> manifests = read().current();

    assertThat(manifests.values(String.class)).containsExactly("Pod default/p", "Namespace one");
    assertThat(manifests.problems())
        .extracting(ManifestProblem::toString)
        .containsExactly("b.yaml:6: Pod default/p stands in a.yaml:1 already; this one is ignored");
  }

  @Test
  void takesAChangeAfterTwoLooksThatFindTheSame() throws IOException {
    write("a.yaml", namespace("one"));
    ManifestDirectory<String> directory = read();
    List<Manifests<String>> heard = new ArrayList<>();
    directory.onChange(heard::add);

    write("a.yaml", namespace("two"));
    directory.look();
    assertThat(directory.current().values(String.class)).containsExactly("Namespace one");
    write("a.yaml", namespace("three"));
    directory.look();
    assertThat(directory.current().values(String.class)).containsExactly("Namespace one");
    directory.look();
    assertThat(directory.current().values(String.class)).containsExactly("Namespace three");
    directory.look();
    assertThat(heard).hasSize(2).last().isSameAs(directory.current());
  }

  @Test
  void takesAFileThatIsReplacedAtEveryLook() throws IOException {
    write("a.yaml", namespace("n0"));
    ManifestDirectory<String> directory = read();

    for (int i = 1; i <= ManifestFile.MAX_RESTLESS_LOOKS; i++) {
      write("a.yaml", namespace("n" + i));
      directory.look();
    }

    assertThat(directory.current().values(String.class)).containsExactly("Namespace n5");
  }

  @Test
  void survivesTheInstantBetweenTwoRenames() throws IOException {
    write("a.yaml", namespace("one"));
    ManifestDirectory<String> directory = read();
    List<Manifests<String>> heard = new ArrayList<>();
    directory.onChange(heard::add);

    Files.move(folder.resolve("a.yaml"), folder.resolve("a.yaml~"));
    directory.look();
    write("new", namespace("two"));
    Files.move(folder.resolve("new"), folder.resolve("a.yaml"), StandardCopyOption.ATOMIC_MOVE);
    directory.look();
    directory.look();

    assertThat(heard)
        .extracting(manifests -> manifests.values(String.class))
        .containsExactly(List.of("Namespace one"), List.of("Namespace two"));
  }

  @Test
  void noticesARenameOverTheFileThatKeepsTimeAndLength() throws IOException {
    write("a.yaml", namespace("one"));
    ManifestDirectory<String> directory = read();
    write("new", namespace("two"));
    Files.setLastModifiedTime(
        folder.resolve("new"), Files.getLastModifiedTime(folder.resolve("a.yaml")));
    Files.move(folder.resolve("new"), folder.resolve("a.yaml"), StandardCopyOption.ATOMIC_MOVE);

    directory.look();
    directory.look();

    assertThat(directory.current().values(String.class)).containsExactly("Namespace two");
  }

  @Test
  void followsTheSwapOfALinkAboveTheFile() throws IOException {
    Path one = Files.createDirectory(folder.resolve("..one"));
    Path two = Files.createDirectory(folder.resolve("..two"));
    Files.writeString(one.resolve("a.yaml"), namespace("one"));
    Files.writeString(two.resolve("a.yaml"), namespace("two"));
    Files.createSymbolicLink(folder.resolve("..data"), one);
    Files.createSymbolicLink(folder.resolve("a.yaml"), Path.of("..data", "a.yaml"));
    ManifestDirectory<String> directory = read();
    assertThat(directory.current().values(String.class)).containsExactly("Namespace one");

    Files.createSymbolicLink(folder.resolve("..next"), two);
    Files.move(folder.resolve("..next"), folder.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
    directory.look();
    directory.look();

    assertThat(directory.current().values(String.class)).containsExactly("Namespace two");
  }

  @Test
  void forgetsARemovedFile() throws IOException {
    write("a.yaml", namespace("one"));
    write("b.yaml", namespace("two"));
    ManifestDirectory<String> directory = read();

    Files.delete(folder.resolve("a.yaml"));
    directory.look();
    directory.look();

    assertThat(directory.current().values(String.class)).containsExactly("Namespace two");
  }

  @Test
  void keepsWhatABrokenFileLastSaid() throws IOException {
    write("a.yaml", namespace("one") + "---\n" + pod("p"));
    ManifestDirectory<String> directory = read();

    write("a.yaml", namespace("two") + "---\n" + pod("p").replace("metadata:", "metadata"));
    write("b.yaml", namespace("three"));
    directory.look();
    directory.look();

    assertThat(directory.current().values(String.class))
        .containsExactly("Namespace one", "Pod default/p", "Namespace three");
    assertThat(directory.current().complete()).isTrue();
    assertThat(directory.current().problems())
        .singleElement()
        .asString()
        .startsWith("a.yaml:8: not YAML: ")
        .endsWith("; what it said before stays in force");

    write("a.yaml", namespace("four"));
    directory.look();
    directory.look();
    assertThat(directory.current().values(String.class))
        .containsExactly("Namespace four", "Namespace three");
    assertThat(directory.current().problems()).isEmpty();
  }

  @Test
  void isIncompleteWhileAFileWasNeverUnderstood() throws IOException {
    write("a.yaml", "apiVersion: v1\nkind: Pod\n");
    Manifests<String> manifests = read().current();

    assertThat(manifests.complete()).isFalse();
    assertThat(manifests.problems())
        .extracting(ManifestProblem::toString)
        .containsExactly("a.yaml:1: Pod has no metadata.name; nothing of it is in force");
  }

  @Test
  void reportsAndSurvivesTheLossOfTheFolder() throws IOException {
    Path inner = Files.createDirectory(folder.resolve("inner"));
    Files.writeString(inner.resolve("a.yaml"), namespace("one"));
    ManifestDirectory<String> directory =
        ManifestDirectory.read(inner, WANTED, object -> ObjectKey.of(object).toString());
    Path away = folder.resolve("away");

    Files.move(inner, away);
    directory.look();
    directory.look();
    assertThat(directory.current().values(String.class)).containsExactly("Namespace one");
    assertThat(directory.current().problems())
        .singleElement()
        .asString()
        .contains("inner: the folder cannot be listed");

    Files.move(away, inner);
    directory.look();
    assertThat(directory.current().problems()).isEmpty();
  }

  @Test
  void refusesToStartWithoutAFolder() {
    assertThatThrownBy(
            () -> ManifestDirectory.read(folder.resolve("none"), WANTED, Function.identity()))
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void aReducersObjectionIsAProblemOfTheFile() throws IOException {
    write("a.yaml", namespace("one") + "---\n" + pod("p"));
    ManifestDirectory<String> directory =
        ManifestDirectory.read(
            folder,
            WANTED,
            object -> {
              if (object instanceof Pod) {
                throw new IllegalArgumentException("metadata.uid is missing");
              }
              return "ok";
            });

    assertThat(directory.current().objects()).isEmpty();
    assertThat(directory.current().problems())
        .singleElement()
        .asString()
        .startsWith("a.yaml:6: Pod default/p: metadata.uid is missing");
  }

  @Test
  void anObjectThatTheCodeDidNotForeseeIsAProblemOfItsFileAlone() throws IOException {
    write("a.yaml", pod("p"));
    write("b.yaml", namespace("one"));
    ManifestDirectory<String> directory =
        ManifestDirectory.read(
            folder,
            WANTED,
            object -> {
              if (object instanceof Pod) {
                throw new NullPointerException("unforeseen");
              }
              return "ok";
            });

    assertThat(directory.current().values(String.class)).containsExactly("ok");
    assertThat(directory.current().problems())
        .singleElement()
        .asString()
        .startsWith("a.yaml:1: Pod default/p: cannot be read");
  }

  @Test
  void followsARealFolderWithinASecond() throws IOException {
    write("a.yaml", namespace("one"));
    try (ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();
        ManifestDirectory<String> directory =
            ManifestDirectory.follow(
                folder, WANTED, object -> ObjectKey.of(object).toString(), scheduler)) {
      write("a.yaml", namespace("two"));
      Awaitility.await()
          .atMost(Duration.ofSeconds(10))
          .untilAsserted(() ->
              assertThat(directory.current().values(String.class))
                  .containsExactly("Namespace two"));
    }
  }

  private ManifestDirectory<String> read() throws IOException {
    return ManifestDirectory.read(folder, WANTED, object -> ObjectKey.of(object).toString());
  }

  /** Writes a file with a time of change of its own, however coarse the file system's clock is. */
  private void write(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.writeString(file, text);
    Files.setLastModifiedTime(file, FileTime.from(Instant.EPOCH.plusSeconds(++edits)));
  }

  private static String namespace(String name) {
    return "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: " + name + "\n";
  }

  private static String pod(String name) {
    return "apiVersion: v1\nkind: Pod\nmetadata:\n  name: " + name + "\n";
  }
}
