package io.weftmesh.lab.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Names one process for good: a pid comes back after a while, and again after a reboot, but never
 * with the same start time in the same boot.
 *
 * @param startTicks field 22 of {@code /proc/PID/stat}
 */
public record ProcessIdentity(long pid, long startTicks, String bootId) {
  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

  /** This JVM. */
  public static ProcessIdentity self() {
    return of(ProcessHandle.current().pid())
        .orElseThrow(() -> new IllegalStateException("/proc does not show this process"));
  }

  /** The process that has {@code pid} now; empty for none, and for one that has ended. */
  public static Optional<ProcessIdentity> of(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
      return state(stat) == 'Z' ? Optional.empty() : Optional.of(parse(stat, currentBoot()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /**
   * What {@link #write} or {@link Launch} wrote; empty when there is no such file, or half of one.
   */
  public static Optional<ProcessIdentity> read(Path file) throws IOException {
    try {
      String[] lines = Files.readString(file).split("\n", -1);
      return lines.length < 3 ? Optional.empty() : Optional.of(parse(lines[0], lines[1].strip()));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  public void write(Path file) throws IOException {
    String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat")).strip();
    Files.writeString(file, stat + "\n" + bootId + "\n");
  }

  public boolean alive() {
    return of(pid).filter(this::equals).isPresent();
  }

  private static ProcessIdentity parse(String stat, String bootId) {
    // The second field is the program's name in parentheses, and may hold anything.
    String[] afterName = stat.substring(stat.lastIndexOf(')') + 2).strip().split(" ", -1);
    long pid = Long.parseLong(stat.substring(0, stat.indexOf(' ')));
    return new ProcessIdentity(pid, Long.parseLong(afterName[19]), bootId);
  }

  private static char state(String stat) {
    return stat.charAt(stat.lastIndexOf(')') + 2);
  }

  private static String currentBoot() throws IOException {
    return Files.readString(BOOT_ID).strip();
  }
}
