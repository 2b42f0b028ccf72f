package io.weftmesh.lab.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The state of the lab's cluster: a folder with one YAML file per object. Files change by renaming,
 * so that a reader never sees half of one.
 *
 * <p>The folder may be edited by hand as well: it is read again by each call of {@link #read}.
 */
public final class ManifestFolder {
  private static final Comparator<ObjectKey> ORDER =
      Comparator.comparing(ObjectKey::kind)
          .thenComparing(ObjectKey::namespace)
          .thenComparing(ObjectKey::name);

  private final Path folder;
  private final Path scratch;
  private final Map<ObjectKey, Manifest> objects = new TreeMap<>(ORDER);

  /**
   * Reads {@code folder}.
   *
   * @param scratch a file of the same file system for what is being written
   */
  public ManifestFolder(Path folder, Path scratch) {
    this.folder = folder;
    this.scratch = scratch;
    read();
  }

  /** Takes over what stands in the folder now. */
  public void read() {
    objects.clear();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".yaml")).toList()) {
        Manifest.parseAll(Files.readString(file))
            .forEach(object -> objects.put(object.key(), object));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public Collection<Manifest> all(String kind) {
    return objects.values().stream().filter(object -> object.kind().equals(kind)).toList();
  }

  public Collection<Manifest> all() {
    return objects.values().stream().toList();
  }

  public Optional<Manifest> find(ObjectKey key) {
    return Optional.ofNullable(objects.get(key));
  }

  /** Writes {@code object}, in place of the one with its key; unchanged objects are not written. */
  public void put(Manifest object) {
    if (object.equals(objects.put(object.key(), object))) {
      return;
    }
    try {
      Files.writeString(scratch, object.toYaml());
      Files.move(scratch, file(object.key()), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns what was removed. */
  public Optional<Manifest> remove(ObjectKey key) {
    try {
      Files.deleteIfExists(file(key));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Optional.ofNullable(objects.remove(key));
  }

  /** The file of an object, for editing by hand. */
  public Path file(ObjectKey key) {
    String kind = key.kind().toLowerCase(Locale.ROOT);
    String place = key.namespace().isEmpty() ? "" : key.namespace() + ".";
    return folder.resolve(kind + "." + place + key.name() + ".yaml");
  }
}
