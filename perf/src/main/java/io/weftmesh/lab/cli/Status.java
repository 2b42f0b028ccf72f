package io.weftmesh.lab.cli;

import picocli.CommandLine.Command;

@Command(name = "status", description = "Shows the lab's nodes, pods and processes.")
final class Status implements Runnable {
  @Override
  public void run() {
    new StatusReport(Main.attached()).print(System.out);
  }
}
