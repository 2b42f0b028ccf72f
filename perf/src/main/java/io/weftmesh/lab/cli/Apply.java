package io.weftmesh.lab.cli;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.cluster.Manifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "apply",
    description = {
      "Puts Kubernetes YAML in force in the lab.",
      "A container's image is lab/app (the test application) or lab/host (a program of this"
          + " machine)."
    })
final class Apply implements Callable<Integer> {
  @Parameters(arity = "1..*", paramLabel = "FILE", description = "YAML, of one or more objects.")
  List<Path> files = List.of();

  @Option(names = "--delete", description = "Delete the objects instead.")
  boolean delete;

  @Override
  public Integer call() throws IOException {
    List<Manifest> objects = new ArrayList<>();
    for (Path file : files) {
      objects.addAll(Manifest.parseAll(Files.readString(file)));
    }
    Lab lab = Main.attached();
    if (delete) {
      objects.reversed().forEach(object -> lab.delete(lab.keyOf(object)));
    } else {
      lab.apply(objects);
    }
    objects.forEach(
        object -> System.out.println(lab.keyOf(object) + (delete ? " deleted" : " applied")));
    return 0;
  }
}
