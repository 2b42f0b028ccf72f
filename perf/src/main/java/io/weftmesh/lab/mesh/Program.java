package io.weftmesh.lab.mesh;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The programs of Weft, as the build leaves them. */
enum Program {
  REDIRECTOR("redirector", "weft-redirector"),
  CA("ca/server", "weft-ca-server"),
  NODE_PROXY("node-proxy", "weft-node-proxy");

  private final String module;
  private final String artifact;

  Program(String module, String artifact) {
    this.module = module;
    this.artifact = artifact;
  }

  /**
   * The command line that starts it, with the options of its module's {@code jvm.options} and its
   * AOT cache, if there is one.
   *
   * @param repository the folder of Weft's sources after a build
   */
  List<String> command(Path repository) {
    Path cache = cache(repository);
    return command(repository, Files.exists(cache) ? List.of("-XX:AOTCache=" + cache) : List.of());
  }

  /**
   * As {@link #command(Path)}, of a process that is to leave what it has loaded and compiled.
   *
   * @param cache the file that is written when the process ends
   */
  List<String> trainingCommand(Path repository, Path cache) {
    return command(repository, List.of("-XX:AOTCacheOutput=" + cache));
  }

  private List<String> command(Path repository, List<String> more) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options(repository.resolve(module).resolve("src/main/launch/jvm.options")));
    command.addAll(more);
    command.add("-jar");
    command.add(jar(repository).toString());
    return command;
  }

  /** The AOT cache of this program, which is there after {@link Training}. */
  Path cache(Path repository) {
    return target(repository).resolve(artifact + ".aot");
  }

  /** Whether there is a cache, made of the present program. */
  boolean isTrained(Path repository) {
    try {
      return Files.exists(cache(repository))
          && Files.getLastModifiedTime(cache(repository))
                  .compareTo(Files.getLastModifiedTime(jar(repository)))
              > 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path jar(Path repository) {
    Path file = target(repository).resolve(artifact + ".jar");
    if (!Files.isRegularFile(file)) {
      throw new IllegalStateException(file + " is missing: run perf/lab.sh build");
    }
    return file;
  }

  private Path target(Path repository) {
    return repository.resolve(module).resolve("target");
  }

  private static List<String> options(Path file) {
    try (var lines = Files.lines(file)) {
      return lines.map(String::strip).filter(l -> !l.isEmpty() && !l.startsWith("#")).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
