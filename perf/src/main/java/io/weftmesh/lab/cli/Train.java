package io.weftmesh.lab.cli;

import io.weftmesh.lab.mesh.Training;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

@Command(
    name = "train",
    description = "Makes the programs' AOT caches, unless they are there and of the last build.")
final class Train implements Callable<Integer> {
  @Override
  public Integer call() throws IOException {
    if (!Training.isDone()) {
      System.out.println("Training Weft's processes for a fast start ...");
      Training.run();
    }
    return 0;
  }
}
