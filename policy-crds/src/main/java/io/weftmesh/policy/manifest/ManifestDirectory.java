package io.weftmesh.policy.manifest;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder of ordinary Kubernetes YAML (and JSON), followed as it is edited.
 *
 * <p>The folder's files are looked at every {@link #PERIOD}; sub-folders and hidden files are not
 * read. A file is taken when two looks in a row find it the same (inode, time of change, length),
 * so that a file in the middle of being written, or gone for the instant between an editor's two
 * renames, is left alone. A write after that moves the time of change, since the clock of the file
 * system is finer than the period. Looking is used rather than {@link java.nio.file.WatchService}
 * because that reports neither the swap of a symbolic link above the file, as mounted ConfigMaps do
 * it, nor anything on some network file systems, and would need the same pause for half-written
 * files.
 *
 * <p>A file counts as a whole: when anything in it cannot be understood, all that it said before
 * stays in force, and the problem names file and line.
 *
 * <p>Thread-safe. Listeners are called one at a time, on the scheduler's thread.
 */
public final class ManifestDirectory<T> implements AutoCloseable {
  /** Time between two looks at the folder; a change is in force after two of them. */
  public static final Duration PERIOD = Duration.ofMillis(100);

  private static final Logger log = LoggerFactory.getLogger(ManifestDirectory.class);

  private final Path folder;
  private final ManifestReader reader;
  private final Function<? super HasMetadata, ? extends T> reduce;
  private final Map<Path, ManifestFile<T>> files = new TreeMap<>();
  private final List<Consumer<? super Manifests<T>>> listeners = new CopyOnWriteArrayList<>();
  private @Nullable ManifestProblem folderProblem;
  private @Nullable ScheduledFuture<?> looking;
  private volatile Manifests<T> current = new Manifests<>(List.of(), List.of(), false);

  private ManifestDirectory(
      Path folder, ManifestReader reader, Function<? super HasMetadata, ? extends T> reduce) {
    this.folder = folder;
    this.reader = reader;
    this.reduce = reduce;
  }

  /**
   * Reads the folder, then follows it until closed.
   *
   * @param wanted the kinds to read; others that the mesh knows are passed over, and those that it
   *     does not know are reported
   * @param reduce what to keep of an object, so that the large object itself need not be kept; an
   *     {@link IllegalArgumentException} from it is a problem of the object's file
   * @throws IOException if the folder cannot be listed now; later this is a problem among others
   */
  public static <T> ManifestDirectory<T> follow(
      Path folder,
      Set<Class<? extends HasMetadata>> wanted,
      Function<? super HasMetadata, ? extends T> reduce,
      ScheduledExecutorService scheduler)
      throws IOException {
    ManifestDirectory<T> directory = read(folder, wanted, reduce);
    synchronized (directory) {
      directory.looking =
          scheduler.scheduleWithFixedDelay(
              directory::lookSafely, PERIOD.toMillis(), PERIOD.toMillis(), TimeUnit.MILLISECONDS);
    }
    return directory;
  }

  /**
   * Reads the folder once, for tools that look at it offline.
   *
   * @throws IOException if the folder cannot be listed
   */
  public static <T> ManifestDirectory<T> read(
      Path folder,
      Set<Class<? extends HasMetadata>> wanted,
      Function<? super HasMetadata, ? extends T> reduce)
      throws IOException {
    ManifestDirectory<T> directory =
        new ManifestDirectory<>(folder, new ManifestReader(wanted), reduce);
    synchronized (directory) {
      Map<Path, ManifestFile.Stamp> found = directory.list();
      directory.advance(found);
      directory.advance(found);
      directory.publish();
    }
    return directory;
  }

  /** What the folder says now. */
  public Manifests<T> current() {
    return current;
  }

  /**
   * Calls the listener at every change from now on, and once at once with what the folder says now.
   */
  public synchronized void onChange(Consumer<? super Manifests<T>> listener) {
    listeners.add(listener);
    listener.accept(current);
  }

  /** Stops following; what was read stays readable. */
  @Override
  public synchronized void close() {
    if (looking != null) {
      looking.cancel(false);
    }
  }

  private void lookSafely() {
    try {
      look();
    } catch (RuntimeException e) {
      log.error("Reading {} failed; what it said before stays in force", folder, e);
    }
  }

  /** One look at the folder. */
  synchronized void look() {
    ManifestProblem problemBefore = folderProblem;
    boolean changed = false;
    try {
      changed = advance(list());
      folderProblem = null;
    } catch (IOException e) {
      folderProblem =
          new ManifestProblem(
              folder,
              0,
              ManifestProblem.Severity.FILE_REJECTED,
              "the folder cannot be listed (" + e + "); what it said before stays in force");
    }
    if (changed || !Objects.equals(folderProblem, problemBefore)) {
      publish();
    }
  }

  private Map<Path, ManifestFile.Stamp> list() throws IOException {
    Map<Path, ManifestFile.Stamp> found = new HashMap<>();
    try (DirectoryStream<Path> entries =
        Files.newDirectoryStream(folder, ManifestDirectory::isManifest)) {
      for (Path file : entries) {
        ManifestFile.Stamp stamp = ManifestFile.stamp(file);
        if (stamp != null) {
          found.put(file, stamp);
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return found;
  }

  private static boolean isManifest(Path file) {
    String name = file.getFileName().toString();
    return !name.startsWith(".")
        && (name.endsWith(".yaml") || name.endsWith(".yml") || name.endsWith(".json"));
  }

  /** Moves every file on by one look; returns whether anything now says something else. */
  private boolean advance(Map<Path, ManifestFile.Stamp> found) {
    found.keySet().forEach(file -> files.computeIfAbsent(file, ManifestFile::new));
    boolean changed = false;
    for (Iterator<ManifestFile<T>> all = files.values().iterator(); all.hasNext(); ) {
      ManifestFile<T> file = all.next();
      switch (file.look(found.get(file.path()), reader, reduce)) {
        case UNCHANGED -> {}
        case CHANGED -> changed = true;
        case GONE -> {
          all.remove();
          changed = true;
        }
      }
    }
    return changed;
  }

  private void publish() {
    Map<ObjectKey, ManifestObject<T>> objects = new LinkedHashMap<>();
    List<ManifestProblem> problems = new ArrayList<>();
    boolean complete = true;
    if (folderProblem != null) {
      problems.add(folderProblem);
    }
    for (ManifestFile<T> file : files.values()) {
      complete &= file.understood();
      problems.addAll(file.problems());
      for (ManifestObject<T> object : file.objects()) {
        ManifestObject<T> first = objects.putIfAbsent(object.key(), object);
        if (first != null) {
          problems.add(duplicate(object, first));
        }
      }
    }
    Manifests<T> before = current;
    current = new Manifests<>(List.copyOf(objects.values()), problems, complete);
    for (ManifestProblem problem : current.problems()) {
      if (!before.problems().contains(problem)) {
        log.warn("{}", problem);
      }
    }
    for (Consumer<? super Manifests<T>> listener : listeners) {
      listener.accept(current);
    }
  }

  private static ManifestProblem duplicate(ManifestObject<?> object, ManifestObject<?> first) {
    return new ManifestProblem(
        object.file(),
        object.line(),
        ManifestProblem.Severity.DOCUMENT_IGNORED,
        object.key()
            + " stands in "
            + first.file().getFileName()
            + ":"
            + first.line()
            + " already; this one is ignored");
  }
}
