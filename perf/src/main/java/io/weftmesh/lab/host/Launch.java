package io.weftmesh.lab.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Starts processes that may outlive this JVM. Each writes its own identity to a file before it
 * becomes the program, so that there is no moment in which it runs unrecorded.
 */
public final class Launch {
  private static final String RECORD_THEN_BECOME =
      """
      read -r stat < /proc/$$/stat
      read -r boot < /proc/sys/kernel/random/boot_id
      printf '%s\\n%s\\n' "$stat" "$boot" > "$0"
      exec "$@"
      """;

  private final Path pids;
  private final Path logs;

  /**
   * Starts processes whose records and output go to these folders.
   *
   * @param pids the folder of identity files, {@code NAME.pid}
   * @param logs the folder of what the processes print, {@code NAME.log}, appended to
   */
  public Launch(Path pids, Path logs) {
    this.pids = pids;
    this.logs = logs;
  }

  /** Starts {@code words} under a name that is not in use by a living process. */
  public LabProcess start(String name, List<String> words, Map<String, String> environment) {
    Path record = pids.resolve(name + ".pid");
    Path log = logs.resolve(name + ".log");
    try {
      if (ProcessIdentity.read(record).filter(ProcessIdentity::alive).isPresent()) {
        throw new IllegalStateException("a process named " + name + " is running");
      }
      Files.deleteIfExists(record);
      List<String> line =
          new ArrayList<>(List.of("sh", "-c", RECORD_THEN_BECOME, record.toString()));
      line.addAll(words);
      ProcessBuilder builder =
          new ProcessBuilder(line)
              .redirectInput(Redirect.from(Path.of("/dev/null").toFile()))
              .redirectErrorStream(true)
              .redirectOutput(Redirect.appendTo(log.toFile()));
      builder.environment().putAll(environment);
      Process process = builder.start();
      Wait.until(
          () -> ProcessIdentity.read(record).isPresent() || !process.isAlive(),
          "the start of " + name);
      return recorded(name);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot start " + name, e);
    }
  }

  /** The process that was started last under {@code name}, by whichever JVM. */
  public LabProcess recorded(String name) {
    Path record = pids.resolve(name + ".pid");
    try {
      ProcessIdentity identity =
          ProcessIdentity.read(record)
              .orElseThrow(() -> new IllegalStateException("no process was started as " + name));
      return new LabProcess(name, identity, record, logs.resolve(name + ".log"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Every process that was started and not forgotten, dead or alive. */
  public List<LabProcess> all() {
    try (var files = Files.list(pids)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(file -> file.endsWith(".pid"))
          .sorted()
          .map(file -> recorded(file.substring(0, file.length() - ".pid".length())))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
