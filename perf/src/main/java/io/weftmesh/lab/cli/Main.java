package io.weftmesh.lab.cli;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.demo.DemoCommand;
import io.weftmesh.lab.figures.BalanceCommand;
import io.weftmesh.lab.figures.FiguresCommand;
import io.weftmesh.lab.figures.NeighbourCommand;
import io.weftmesh.lab.host.LabFolder;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The lab's commands; {@code perf/lab.sh} finds the JDK and calls this. */
@Command(
    name = "perf/lab.sh",
    description = "A service mesh on one machine, in network namespaces of its own.",
    subcommands = {
      Up.class,
      Status.class,
      Apply.class,
      Exec.class,
      Explain.class,
      Restart.class,
      Train.class,
      Down.class,
      DemoCommand.class,
      FiguresCommand.class,
      BalanceCommand.class,
      NeighbourCommand.class
    })
final class Main {
  /** The name of the lab that {@code up} makes; tests and the demo make others. */
  static final String LAB = "lab";

  private Main() {}

  public static void main(String... arguments) {
    System.exit(
        new CommandLine(new Main())
            .setExecutionExceptionHandler((error, command, parsed) -> {
              command.getErr().println(command.getCommandName() + ": " + error.getMessage());
              return 1;
            })
            .execute(arguments));
  }

  static Lab attached() {
    if (LabFolder.find(LAB).isEmpty()) {
      throw new IllegalStateException("there is no lab; start one with: perf/lab.sh up");
    }
    return Lab.attach(LAB);
  }
}
