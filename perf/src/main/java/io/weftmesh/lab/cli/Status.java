package io.weftmesh.lab.cli;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.mesh.Mesh;
import picocli.CommandLine.Command;

@Command(name = "status", description = "Shows the lab's nodes, pods and processes.")
final class Status implements Runnable {
  @Override
  public void run() {
    Lab lab = Main.attached();
    new StatusReport(lab, Mesh.attach(lab)).print(System.out);
  }
}
