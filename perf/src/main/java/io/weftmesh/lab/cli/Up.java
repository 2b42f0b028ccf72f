package io.weftmesh.lab.cli;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.mesh.Mesh;
import io.weftmesh.lab.mesh.MeshSettings;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

@Command(
    name = "up",
    description = "Starts a mesh of two nodes with a few pods, and leaves it running.")
final class Up implements Callable<Integer> {
  private static final String FIRST_PODS = "first-pods.yaml";

  @Override
  public Integer call() throws IOException {
    Lab lab = Lab.createDetached(Main.LAB, 2);
    Mesh mesh;
    try (InputStream yaml = Up.class.getResourceAsStream(FIRST_PODS)) {
      if (yaml == null) {
        throw new IllegalStateException(FIRST_PODS + " is missing from the jar");
      }
      mesh = Mesh.install(lab, MeshSettings.DEFAULT);
      lab.apply(Manifest.parseAll(new String(yaml.readAllBytes(), StandardCharsets.UTF_8)));
      mesh.awaitReady();
    } catch (IOException | RuntimeException e) {
      lab.close();
      throw e;
    }
    new StatusReport(lab, mesh).print(System.out);
    System.out.println(
        """

        Try:  perf/lab.sh exec shop/client -- curl -s http://echo.shop/
              perf/lab.sh down\
        """);
    return 0;
  }
}
