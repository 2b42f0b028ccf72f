package io.weftmesh.lab.cli;

import io.weftmesh.lab.host.LabFolder;
import picocli.CommandLine.Command;

@Command(
    name = "down",
    description = "Removes the lab, and what labs have left whose process was killed.")
final class Down implements Runnable {
  @Override
  public void run() {
    LabFolder.find(Main.LAB)
        .ifPresentOrElse(
            folder -> {
              folder.remove();
              System.out.println("Removed lab '" + folder.name() + "'.");
            },
            () -> System.out.println("There is no lab '" + Main.LAB + "'."));
    LabFolder.removeAbandoned()
        .forEach(name -> System.out.println("Removed what was left of lab '" + name + "'."));
  }
}
