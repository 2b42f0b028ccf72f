package io.weftmesh.lab.figures;

import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "neighbour",
    description = "Measures what a noisy pod does to a quiet one on its node, in a lab of its own.")
public final class NeighbourCommand implements Callable<Integer> {
  @Option(
      names = "--rounds",
      defaultValue = "5",
      description = "How often each way is measured; the median is told (default: 5).")
  int rounds;

  @Option(
      names = "--seconds",
      defaultValue = "10",
      description = "Length of one measurement (default: 10).")
  int seconds;

  @Option(
      names = "--processors",
      defaultValue = "0.8",
      description = "What the noisy pod's clients and servers may have together (default: 0.8).")
  double processors;

  @Option(
      names = "--noise",
      split = ",",
      description = "What noise it makes: ${COMPLETION-CANDIDATES} (default: all).")
  Set<Neighbour.Kind> noise = EnumSet.allOf(Neighbour.Kind.class);

  @Override
  public Integer call() {
    return new Neighbour(System.out, rounds, seconds, processors, noise).run() ? 0 : 1;
  }
}
