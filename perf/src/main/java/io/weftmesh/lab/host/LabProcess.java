package io.weftmesh.lab.host;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** One process of a lab, running or not. */
public final class LabProcess {
  private final String name;
  private final ProcessIdentity identity;
  private final Path record;
  private final Path log;

  LabProcess(String name, ProcessIdentity identity, Path record, Path log) {
    this.name = name;
    this.identity = identity;
    this.record = record;
    this.log = log;
  }

  public String name() {
    return name;
  }

  public long pid() {
    return identity.pid();
  }

  public Path log() {
    return log;
  }

  public boolean alive() {
    return identity.alive();
  }

  /** SIGKILL; returns when the process is gone. */
  public void kill() {
    handle().ifPresent(ProcessHandle::destroyForcibly);
    Wait.until(() -> !alive(), name + " to be gone after SIGKILL");
  }

  /** SIGTERM alone. */
  public void terminate() {
    handle().ifPresent(ProcessHandle::destroy);
  }

  /** SIGSTOP: alive, and doing nothing. */
  public void freeze() {
    signal("STOP");
  }

  /** SIGCONT: ends a {@link #freeze}. */
  public void thaw() {
    signal("CONT");
  }

  /** Returns whether the process ended within {@code limit}. */
  public boolean awaitEnd(Duration limit) {
    return Wait.until(() -> !alive(), limit);
  }

  /** Resident memory, in bytes. */
  public long residentBytes() {
    return statusKilobytes("VmRSS:") * 1024;
  }

  /** The line of {@code /proc/PID/status} that begins with {@code field}, without it. */
  public String status(String field) {
    return proc("status")
        .lines()
        .filter(line -> line.startsWith(field))
        .findFirst()
        .map(line -> line.substring(field.length()).strip())
        .orElseThrow(() -> new IllegalStateException(name + " shows no " + field));
  }

  public int openDescriptors() {
    try (var files = Files.list(Path.of("/proc", Long.toString(pid()), "fd"))) {
      return (int) files.count();
    } catch (IOException e) {
      throw new UncheckedIOException(name + " is not running", e);
    }
  }

  /** Time on a processor since the start, user and system together, over all threads. */
  public Duration cpuTime() {
    String stat = proc("stat");
    String[] afterName = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    long ticks = Long.parseLong(afterName[11]) + Long.parseLong(afterName[12]);
    return Duration.ofMillis(ticks * 10); // USER_HZ is 100 on every Linux.
  }

  /** The text of {@code /proc/PID/file}. */
  public String proc(String file) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(pid()), file));
    } catch (IOException e) {
      throw new UncheckedIOException(name + " is not running", e);
    }
  }

  /** The end of what the process printed. */
  public String logTail(int bytes) {
    try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
      byte[] tail = new byte[(int) Math.min(bytes, file.length())];
      file.seek(file.length() - tail.length);
      file.readFully(tail);
      return new String(tail, UTF_8);
    } catch (IOException e) {
      return "(no log: " + e.getMessage() + ")";
    }
  }

  /** Takes a process that has ended off the record. */
  public void forget() {
    try {
      Files.deleteIfExists(record);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private long statusKilobytes(String field) {
    return Long.parseLong(status(field).replace(" kB", ""));
  }

  private Optional<ProcessHandle> handle() {
    return alive() ? ProcessHandle.of(pid()) : Optional.empty();
  }

  private void signal(String signal) {
    if (alive()) {
      Command.of("kill", "-" + signal, Long.toString(pid())).runAnyway();
    }
  }

  @Override
  public String toString() {
    return name + " (pid " + pid() + (alive() ? ")" : ", ended)");
  }
}
