package io.weftmesh.policy.manifest;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One file of the folder: as what it was last seen, and what it last said. */
final class ManifestFile<T> {
  /** Larger files are refused: a folder is for what people write. */
  static final long MAX_BYTES = 64L << 20;

  /**
   * A file that is replaced again and again, by a tool that writes out every change of its own, is
   * taken as it stands after so many looks that found it changed.
   */
  static final int MAX_RESTLESS_LOOKS = 5;

  private static final Logger log = LoggerFactory.getLogger(ManifestFile.class);

  private final Path path;
  private @Nullable Stamp seen;
  private @Nullable Stamp taken;
  private @Nullable List<ManifestObject<T>> objects;
  private List<ManifestProblem> problems = List.of();
  private int restlessLooks;

  ManifestFile(Path path) {
    this.path = path;
  }

  /** What tells one state of a file from the next. */
  record Stamp(@Nullable Object fileKey, FileTime modified, long bytes) {}

  /** What a look at the file found. */
  enum Outcome {
    UNCHANGED,
    CHANGED,
    GONE
  }

  /** The state of a file now, null if there is no such file. */
  static @Nullable Stamp stamp(Path file) {
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return attributes.isRegularFile()
          ? new Stamp(attributes.fileKey(), attributes.lastModifiedTime(), attributes.size())
          : null;
    } catch (IOException e) {
      return null;
    }
  }

  Path path() {
    return path;
  }

  /** Whether the file was understood at least once. */
  boolean understood() {
    return objects != null;
  }

  List<ManifestObject<T>> objects() {
    return objects == null ? List.of() : objects;
  }

  List<ManifestProblem> problems() {
    return problems;
  }

  /** Takes the file if it is as it was at the last look, and is not what was taken before. */
  Outcome look(
      @Nullable Stamp now,
      ManifestReader reader,
      Function<? super HasMetadata, ? extends T> reduce) {
    Stamp before = seen;
    seen = now;
    if (now == null) {
      return before == null ? Outcome.GONE : Outcome.UNCHANGED;
    }
    if (now.equals(taken)) {
      restlessLooks = 0;
      return Outcome.UNCHANGED;
    }
    if (!now.equals(before) && ++restlessLooks < MAX_RESTLESS_LOOKS) {
      return Outcome.UNCHANGED;
    }
    return take(now, reader, reduce) ? Outcome.CHANGED : Outcome.UNCHANGED;
  }

  private boolean take(
      Stamp now, ManifestReader reader, Function<? super HasMetadata, ? extends T> reduce) {
    try {
      if (now.bytes > MAX_BYTES) {
        throw new ManifestException(
            0, "is " + now.bytes + " bytes long, expected at most " + MAX_BYTES);
      }
      String text = Files.readString(path);
      if (!now.equals(stamp(path))) {
        return false;
      }
      taken = now;
      restlessLooks = 0;
      accept(reader.read(text), reduce);
      return true;
    } catch (ManifestException e) {
      taken = now;
      return reject(e.line(), e.problem());
    } catch (CharacterCodingException e) {
      taken = now;
      return reject(0, "is not UTF-8");
    } catch (IOException e) {
      // Not marked as taken: it is tried again at the next look, since permissions leave no trace.
      return reject(0, "cannot be read: " + e);
    }
  }

  private void accept(ManifestReader.Read read, Function<? super HasMetadata, ? extends T> reduce)
      throws ManifestException {
    List<ManifestObject<T>> kept = new ArrayList<>(read.objects().size());
    for (ManifestReader.Found found : read.objects()) {
      ObjectKey key = ObjectKey.of(found.object());
      try {
        kept.add(new ManifestObject<>(key, path, found.line(), reduce.apply(found.object())));
      } catch (IllegalArgumentException e) {
        throw new ManifestException(found.line(), key + ": " + e.getMessage());
      } catch (RuntimeException e) {
        // One object that the code did not foresee must not stop the folder from being followed.
        log.error("{}:{}: {} cannot be read", path, found.line(), key, e);
        throw new ManifestException(found.line(), key + ": cannot be read: " + e);
      }
    }
    objects = List.copyOf(kept);
    problems =
        read.ignored().stream()
            .map(ignored ->
                new ManifestProblem(
                    path,
                    ignored.line(),
                    ManifestProblem.Severity.DOCUMENT_IGNORED,
                    ignored.message()))
            .toList();
  }

  private boolean reject(int line, String message) {
    List<ManifestProblem> before = problems;
    String consequence =
        objects == null ? "; nothing of it is in force" : "; what it said before stays in force";
    problems =
        List.of(
            new ManifestProblem(
                path, line, ManifestProblem.Severity.FILE_REJECTED, message + consequence));
    return !problems.equals(before);
  }
}
