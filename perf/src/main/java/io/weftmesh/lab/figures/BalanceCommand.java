package io.weftmesh.lab.figures;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

@Command(
    name = "balance",
    description = "Measures how requests are shared out when endpoints turn slow or fail.")
public final class BalanceCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    new Balance(System.out).run();
    return 0;
  }
}
