package io.weftmesh.lab.cli;

import io.weftmesh.lab.Pod;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    name = "exec",
    description = "Runs a program of this machine in a pod's network: exec POD -- CMD...")
final class Exec implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "POD", description = "namespace/name")
  String pod = "";

  @Parameters(index = "1..*", arity = "1..*", paramLabel = "CMD", description = "The program.")
  List<String> command = List.of();

  @Override
  public Integer call() throws IOException, InterruptedException {
    Pod found = Main.attached().pod(pod);
    return new ProcessBuilder(found.entering(command)).inheritIO().start().waitFor();
  }
}
