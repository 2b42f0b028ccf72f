package io.weftmesh.lab.host;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Programs of the lab's own jar that run as processes of their own. */
public final class OwnProgram {
  private static final List<String> OPTIONS =
      List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xmx160m");

  private OwnProgram() {}

  /** The command line that runs a main class: small and soon under way rather than fast. */
  public static List<String> command(Class<?> main, String... arguments) {
    try {
      Path classes = Path.of(main.getProtectionDomain().getCodeSource().getLocation().toURI());
      Path java = Path.of(System.getProperty("java.home"), "bin", "java");
      return Stream.of(
              Stream.of(java.toString()),
              OPTIONS.stream(),
              Stream.of("-cp", classes.toString(), main.getName()),
              Stream.of(arguments))
          .flatMap(words -> words)
          .toList();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
