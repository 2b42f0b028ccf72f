package io.weftmesh.lab.host;

import static io.weftmesh.lab.host.Template.fill;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Divides the processors for a measurement, by control groups of the kernel: cgroup v2 where it has
 * the controller, else v1. This JVM and all processes that it starts come before everybody else on
 * the machine; within that, some processes are held to a part of a processor, and give way to those
 * that are not held.
 */
public final class CpuPartition implements AutoCloseable {
  private static final Path ROOT = Path.of("/sys/fs/cgroup");

  /** The groups that this process is in. */
  private static final Path OWN = Path.of("/proc/self/cgroup");

  /** Short, so that who is held stops for milliseconds and not for tenths of a second. */
  private static final long PERIOD_MICROS = Duration.ofMillis(10).toNanos() / 1_000;

  private final Hierarchy hierarchy;
  private final Path before;
  private final List<Path> folders = new ArrayList<>();

  private CpuPartition(Hierarchy hierarchy, Path before) {
    this.hierarchy = hierarchy;
    this.before = before;
  }

  /**
   * Makes a partition and enters it.
   *
   * @param name of its folder; nobody else's
   * @throws UncheckedIOException when this machine has no controller that can be written to
   */
  public static CpuPartition enter(String name) {
    return enter(ROOT, OWN, name);
  }

  static CpuPartition enter(Path root, Path own, String name) {
    try {
      Hierarchy hierarchy = Hierarchy.of(root);
      CpuPartition partition = new CpuPartition(hierarchy, hierarchy.group(own));
      Path all = partition.create(hierarchy.root, name);
      hierarchy.weigh(all, Weight.HIGHEST);
      hierarchy.divide(all);
      Path free = partition.create(all, "free");
      hierarchy.weigh(free, Weight.HIGH);
      moveTo(free, ProcessHandle.current().pid());
      return partition;
    } catch (IOException e) {
      throw new UncheckedIOException(
          fill("processor time cannot be divided by groups below %s; are you root?", root), e);
    }
  }

  /**
   * A bound for some processes together.
   *
   * @param processors how many of them they may have, such as 0.5
   */
  public Held hold(String name, double processors) {
    try {
      Path folder = create(folders.getFirst(), name);
      hierarchy.bound(folder, Math.round(processors * PERIOD_MICROS));
      return new Held(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Who has a bound. */
  public record Held(Path folder) {
    /** Puts a process in, with all of its threads and the processes that it starts from here on. */
    public void add(LabProcess process) {
      try {
        moveTo(folder, process.pid());
      } catch (IOException e) {
        throw new UncheckedIOException(fill("%s cannot be held by %s", process, folder), e);
      }
    }
  }

  private static void moveTo(Path folder, long pid) throws IOException {
    Files.writeString(folder.resolve("cgroup.procs"), Long.toString(pid));
  }

  private Path create(Path parent, String name) throws IOException {
    Path folder = Files.createDirectory(parent.resolve(name));
    folders.add(folder);
    return folder;
  }

  /** Leaves it, and takes it away; all other processes in it have to have ended. */
  @Override
  public void close() {
    try {
      moveTo(before, ProcessHandle.current().pid());
      for (Path folder : folders.reversed()) {
        Files.delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** In the words of either version, where one process alone has 1024 or 100. */
  private enum Weight {
    HIGH("10240", "1000"),
    HIGHEST("102400", "10000");

    final String shares;
    final String weight;

    Weight(String shares, String weight) {
      this.shares = shares;
      this.weight = weight;
    }
  }

  /** One version's files. */
  private record Hierarchy(Path root, boolean isVersion2) {
    static Hierarchy of(Path root) throws IOException {
      Path controllers = root.resolve("cgroup.controllers");
      boolean isVersion2 =
          Files.exists(controllers)
              && List.of(Files.readString(controllers).strip().split(" ")).contains("cpu");
      Hierarchy hierarchy = new Hierarchy(isVersion2 ? root : root.resolve("cpu"), isVersion2);
      hierarchy.divide(hierarchy.root);
      return hierarchy;
    }

    /** The folder of this hierarchy that a file like /proc/PID/cgroup names. */
    Path group(Path file) throws IOException {
      return Files.readAllLines(file).stream()
          .map(line -> line.split(":", 3))
          .filter(fields -> isVersion2 ? fields[0].equals("0") : names(fields[1]).contains("cpu"))
          .map(fields -> root.resolve(fields[2].substring(1)))
          .findFirst()
          .orElse(root);
    }

    private static List<String> names(String controllers) {
      return List.of(controllers.split(","));
    }

    /** Lets the folders in a folder share out what that one has. */
    void divide(Path folder) throws IOException {
      if (isVersion2) {
        Files.writeString(folder.resolve("cgroup.subtree_control"), "+cpu");
      }
    }

    void weigh(Path folder, Weight weight) throws IOException {
      if (isVersion2) {
        Files.writeString(folder.resolve("cpu.weight"), weight.weight);
      } else {
        Files.writeString(folder.resolve("cpu.shares"), weight.shares);
      }
    }

    void bound(Path folder, long quotaMicros) throws IOException {
      if (isVersion2) {
        Files.writeString(folder.resolve("cpu.max"), fill("%d %d", quotaMicros, PERIOD_MICROS));
      } else {
        Files.writeString(folder.resolve("cpu.cfs_period_us"), Long.toString(PERIOD_MICROS));
        Files.writeString(folder.resolve("cpu.cfs_quota_us"), Long.toString(quotaMicros));
      }
    }
  }
}
