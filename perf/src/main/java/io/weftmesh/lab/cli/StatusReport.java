package io.weftmesh.lab.cli;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.host.LabProcess;
import io.weftmesh.lab.mesh.Mesh;
import java.io.PrintStream;
import java.util.List;

/** What there is in a lab, as a table. */
final class StatusReport {
  private final Lab lab;
  private final Mesh mesh;

  StatusReport(Lab lab, Mesh mesh) {
    this.lab = lab;
    this.mesh = mesh;
  }

  void print(PrintStream out) {
    out.println("Lab '" + lab.name() + "' in " + lab.folder().path());
    out.println();
    out.print(fill("%-32s %-8s %-16s %s%n", "POD", "NODE", "ADDRESS", "SERVICE ACCOUNT"));
    for (Pod pod : lab.pods()) {
      out.print(
          fill(
              "%-32s %-8s %-16s %s%n",
              pod.place(),
              pod.node(),
              pod.address(),
              pod.manifest().text("spec", "serviceAccountName").orElse("")));
    }
    out.println();
    for (String node : lab.nodes()) {
      List<String> missing = mesh.notReady(node);
      out.println(node + ": " + (missing.isEmpty() ? "ready" : String.join("; ", missing)));
    }
    out.println();
    out.print(fill("%-32s %-16s %s%n", "SERVICE", "ADDRESS", "PORTS"));
    for (Manifest service : lab.manifests().all("Service")) {
      out.print(
          fill(
              "%-32s %-16s %s%n",
              service.namespace() + "/" + service.name(),
              service.text("spec", "clusterIP").orElse(""),
              service.parts("spec", "ports").stream()
                  .map(port -> port.text("port").orElse(""))
                  .toList()));
    }
    out.println();
    out.print(fill("%-32s %-8s %s%n", "PROCESS", "PID", "MEMORY"));
    for (LabProcess process : lab.launch().all()) {
      if (process.name().endsWith(".pause")) {
        continue;
      }
      out.print(
          fill(
              "%-32s %-8d %s%n",
              process.name(),
              process.pid(),
              process.alive() ? process.residentBytes() / 1_000_000 + " MB" : "ended"));
    }
  }
}
