package io.weftmesh.lab.mesh;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The programs of Weft, as the build leaves them. */
enum Program {
  REDIRECTOR("redirector", "weft-redirector.jar"),
  CA("ca/server", "weft-ca-server.jar"),
  NODE_PROXY("node-proxy", "weft-node-proxy.jar");

  private final String module;
  private final String jar;

  Program(String module, String jar) {
    this.module = module;
    this.jar = jar;
  }

  /**
   * The command line that starts it, with the options of its module's {@code jvm.options}.
   *
   * @param repository the folder of Weft's sources after a build
   */
  List<String> command(Path repository) {
    Path file = repository.resolve(module).resolve("target").resolve(jar);
    if (!Files.isRegularFile(file)) {
      throw new IllegalStateException(file + " is missing: run perf/lab.sh build");
    }
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options(repository.resolve(module).resolve("src/main/launch/jvm.options")));
    command.add("-jar");
    command.add(file.toString());
    return command;
  }

  private static List<String> options(Path file) {
    if (!Files.exists(file)) {
      return List.of("--enable-native-access=ALL-UNNAMED");
    }
    try (var lines = Files.lines(file)) {
      return lines.map(String::strip).filter(l -> !l.isEmpty() && !l.startsWith("#")).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
