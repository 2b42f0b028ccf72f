package io.weftmesh.lab.cli;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.mesh.Mesh;
import java.util.List;
import picocli.CommandLine.Command;

@Command(
    name = "restart",
    description = "Starts again the processes of the mesh that have ended, as a kubelet would.")
final class Restart implements Runnable {
  @Override
  public void run() {
    Lab lab = Main.attached();
    Mesh mesh = Mesh.attach(lab);
    List<String> started = mesh.startEnded();
    started.forEach(name -> System.out.println(name + " started"));
    if (started.isEmpty()) {
      System.out.println("all processes of the mesh run; nothing was started");
    }
    mesh.awaitReady();
  }
}
