package io.weftmesh.lab.host;

import static io.weftmesh.lab.host.Template.fill;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Everything that a lab has made, as a folder: whoever finds the folder can remove the lab, even
 * when the JVM that made it was killed.
 *
 * <p>Namespaces and the program files are mounts below the folder; processes have written their
 * identities into it, and those that only entered a namespace of the lab are found by the
 * namespace.
 */
public final class LabFolder {
  private static final Path ROOT = Path.of("/run/weft-lab");
  private static final String OWNER = "owner";

  private final Path path;

  private LabFolder(Path path) {
    this.path = path;
  }

  /**
   * Makes the folder of a new lab that belongs to this JVM, and removes the labs whose JVM is dead.
   *
   * @throws IllegalStateException when there is such a lab
   */
  public static LabFolder createOwned(String name) {
    return create(name, true);
  }

  /** Makes the folder of a new lab that stays until it is removed by name. */
  public static LabFolder createDetached(String name) {
    return create(name, false);
  }

  private static LabFolder create(String name, boolean owned) {
    return locked(() -> {
      for (LabFolder left : all()) {
        if (left.abandoned()) {
          left.removeAll();
        }
      }
      LabFolder folder = new LabFolder(ROOT.resolve(name));
      if (Files.exists(folder.path)) {
        throw new IllegalStateException(
            "there is a lab named " + name + " already; perf/lab.sh down removes it");
      }
      Files.createDirectories(folder.path);
      if (owned) {
        ProcessIdentity.self().write(folder.path.resolve(OWNER));
      }
      for (Path part :
          List.of(folder.pids(), folder.logs(), folder.manifests(), folder.namespaces())) {
        Files.createDirectory(part);
      }
      return folder;
    });
  }

  /** The lab of this name, whoever made it. */
  public static Optional<LabFolder> find(String name) {
    return Optional.of(new LabFolder(ROOT.resolve(name))).filter(f -> Files.isDirectory(f.path));
  }

  /** All labs of this machine. */
  public static List<LabFolder> all() {
    if (!Files.isDirectory(ROOT)) {
      return List.of();
    }
    try (var folders = Files.list(ROOT)) {
      return folders.filter(Files::isDirectory).sorted().map(LabFolder::new).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Removes every lab whose JVM is dead, and returns their names. */
  public static List<String> removeAbandoned() {
    return locked(() -> {
      List<LabFolder> abandoned = all().stream().filter(LabFolder::abandoned).toList();
      for (LabFolder folder : abandoned) {
        folder.removeAll();
      }
      return abandoned.stream().map(LabFolder::name).toList();
    });
  }

  public String name() {
    return path.getFileName().toString();
  }

  public Path path() {
    return path;
  }

  public Path pids() {
    return path.resolve("pids");
  }

  public Path logs() {
    return path.resolve("logs");
  }

  public Path manifests() {
    return path.resolve("manifests");
  }

  /** The names of the lab's Services, in the form of {@code /etc/hosts}. */
  public Path hosts() {
    return path.resolve("hosts");
  }

  /** The namespaces that are no pod's: the underlay's and the nodes'. */
  public Path namespaces() {
    return path.resolve("netns");
  }

  /** What belongs to one node alone. */
  public Path node(String node) {
    return path.resolve("nodes").resolve(node);
  }

  /** The namespaces of a node's pods, one file per pod UID. */
  public Path podNamespaces(String node) {
    return node(node).resolve("netns");
  }

  /** Ends every process of the lab, unmounts, and deletes the folder. */
  public void remove() {
    locked(() -> {
      removeAll();
      return name();
    });
  }

  private boolean abandoned() {
    try {
      return Files.exists(path.resolve(OWNER))
          && !ProcessIdentity.read(path.resolve(OWNER)).map(ProcessIdentity::alive).orElse(false);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void removeAll() throws IOException {
    // Twice: what was being started when its starter died may show up only now.
    for (int round = 0; round < 2; round++) {
      if (Files.isDirectory(pids())) {
        new Launch(pids(), logs()).all().forEach(LabProcess::kill);
      }
      killInsideNamespaces();
    }
    List<Path> mounts = mounts();
    for (Path mount : mounts.reversed()) {
      Command.of("umount", "--lazy", mount.toString()).run();
    }
    if (!mounts().isEmpty()) {
      throw new IllegalStateException("mounts are left below " + path + ": " + mounts());
    }
    deleteTree();
  }

  private void killInsideNamespaces() throws IOException {
    Set<String> ours = new HashSet<>();
    for (Path mount : mounts()) {
      ours.add("net:[" + Files.getAttribute(mount, "unix:ino") + "]");
    }
    ours.remove(Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString());
    try (var processes = ProcessHandle.allProcesses()) {
      processes
          .filter(process -> ours.contains(namespaceOf(process.pid())))
          .forEach(process -> {
            Command.of("kill", "-KILL", Long.toString(process.pid())).runAnyway();
            Wait.until(
                () -> ProcessIdentity.of(process.pid()).isEmpty(),
                fill("process %d of lab %s to be gone", process.pid(), name()));
          });
    }
  }

  private static String namespaceOf(long pid) {
    try {
      return Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/net")).toString();
    } catch (IOException e) {
      return "ended";
    }
  }

  private List<Path> mounts() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/mountinfo")).stream()
        .map(line -> Path.of(line.split(" ", -1)[4]))
        .filter(mount -> mount.startsWith(path))
        .collect(Collectors.toList());
  }

  private void deleteTree() throws IOException {
    Files.walkFileTree(
        path,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path folder, IOException error)
              throws IOException {
            Files.delete(folder);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  @FunctionalInterface
  private interface FileWork<T> {
    T run() throws IOException;
  }

  /** One lab is made or removed at a time, over all processes of the machine. */
  private static <T> T locked(FileWork<T> work) {
    synchronized (LabFolder.class) {
      try {
        Files.createDirectories(ROOT);
        try (FileChannel channel =
            FileChannel.open(
                ROOT.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
          channel.lock(); // Released when the channel closes.
          return work.run();
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
