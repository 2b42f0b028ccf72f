package io.weftmesh.lab.figures;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "figures",
    description = "Measures memory, processor time and start-up in a lab of its own.")
public final class FiguresCommand implements Callable<Integer> {
  @Option(
      names = "--rounds",
      defaultValue = "3",
      description = "How often each way is measured; the median is told (default: 3).")
  int rounds;

  @Option(
      names = "--seconds",
      defaultValue = "15",
      description = "Length of one measurement (default: 15).")
  int seconds;

  @Override
  public Integer call() throws IOException {
    return new Figures(System.out, rounds, seconds).run() ? 0 : 1;
  }
}
