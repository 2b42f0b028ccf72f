package io.weftmesh.lab.system;

import io.weftmesh.lab.host.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The programs by which gRPC's implementations are tested against each other, of grpc-go and of
 * grpc-java. Fetched and built once, and kept under {@code target}.
 */
enum InteropPrograms {
  GO {
    @Override
    void fetch(Path to) {
      Command.of(
              "sh",
              "-ec",
              "cd \"$0\" && go build -o \"$1/\" google.golang.org/grpc/interop/client"
                  + " google.golang.org/grpc/interop/server",
              SOURCES.toString(),
              to.toString())
          .run();
    }

    @Override
    List<String> server() {
      return List.of(folder().resolve("server").toString(), "--port=" + PORT);
    }

    @Override
    List<String> client() {
      return List.of(folder().resolve("client").toString());
    }
  },
  JAVA {
    @Override
    void fetch(Path to) {
      Command.of(
              "mvn",
              "-B",
              "-q",
              "-f",
              SOURCES.resolve("pom.xml").toString(),
              "org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy-dependencies",
              "-DincludeScope=runtime",
              "-DoutputDirectory=" + to)
          .run();
    }

    @Override
    List<String> server() {
      return java("TestServiceServer", "--port=" + PORT, "--use_tls=false");
    }

    @Override
    List<String> client() {
      return java("TestServiceClient", "--use_tls=false");
    }

    private List<String> java(String program, String... arguments) {
      List<String> command =
          List.of(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "-XX:TieredStopAtLevel=1",
              "-XX:+UseSerialGC",
              "-cp",
              folder() + "/*",
              "io.grpc.testing.integration." + program);
      return Stream.concat(command.stream(), Stream.of(arguments)).toList();
    }
  };

  static final int PORT = 10_000;

  private static final Path SOURCES = Path.of("src", "test", "interop").toAbsolutePath();

  /**
   * Gets the programs unless they are there.
   *
   * @throws io.weftmesh.lab.host.CommandFailedException when they can't be had
   */
  void install() throws IOException {
    Path whole = folder();
    if (!Files.exists(whole)) {
      Path part = whole.resolveSibling(whole.getFileName() + ".part");
      Files.createDirectories(part);
      fetch(part);
      Files.move(part, whole);
    }
  }

  abstract void fetch(Path to);

  /** The command line of the server, which listens on {@link #PORT}. */
  abstract List<String> server();

  /** The command line of the client, to which where to call and the case are added. */
  abstract List<String> client();

  Path folder() {
    return Path.of("target", "interop", "grpc-" + label()).toAbsolutePath();
  }

  String label() {
    return this == GO ? "go" : "java";
  }
}
