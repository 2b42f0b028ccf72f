package io.weftmesh.lab;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.app.Application;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.PodTemplate;
import io.weftmesh.lab.host.LabFolder;
import io.weftmesh.lab.host.LabProcess;
import io.weftmesh.lab.host.Launch;
import io.weftmesh.lab.host.NetworkNamespace;
import io.weftmesh.lab.host.OwnProgram;
import io.weftmesh.lab.host.Parallel;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.network.NodeNetwork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** Runs the pods of one node, as a kubelet with its runtime and network plugin does. */
final class Kubelet {
  private final LabFolder folder;
  private final Launch launch;
  private final String node;
  private final NodeNetwork network;

  Kubelet(LabFolder folder, Launch launch, String node, NodeNetwork network) {
    this.folder = folder;
    this.launch = launch;
    this.node = node;
    this.network = network;
  }

  boolean runs(Manifest pod) {
    return Files.exists(namespaceFile(pod));
  }

  /** Makes the pod's namespace, with a process in it that lives as long as the pod. */
  void startSandbox(Manifest pod) {
    NetworkNamespace namespace =
        network.addPod(
            namespaceFile(pod),
            pod.text("status", "podIP").orElseThrow(),
            pod.parts("status", "podIPs").get(1).text("ip").orElseThrow());
    launch.start(
        processName(pod, "pause"), namespace.entering(List.of("sleep", "infinity")), Map.of());
  }

  Pod pod(Manifest pod) {
    return new Pod(pod, NetworkNamespace.at(namespaceFile(pod)), folder.hosts());
  }

  /** Starts the pod's containers, and returns when each listens on the ports that it declares. */
  void startContainers(Manifest manifest) {
    Pod pod = pod(manifest);
    for (Manifest container : manifest.parts("spec", "containers")) {
      List<String> command = command(pod, container);
      if (command.isEmpty()) {
        continue;
      }
      String name = processName(manifest, container.text("name").orElseThrow());
      LabProcess process = launch.start(name, pod.entering(command), Map.of());
      for (Manifest port : container.parts("ports")) {
        int number = Integer.parseInt(port.text("containerPort").orElseThrow());
        Wait.until(
            () -> !process.alive() || listens(process, number),
            fill("%s to listen on %d", process, number));
      }
      if (!process.alive()) {
        throw new IllegalStateException(process + ": " + process.logTail(2_000));
      }
    }
  }

  /** The processes of the pod's containers. */
  List<LabProcess> containers(Manifest pod) {
    return pod.parts("spec", "containers").stream()
        .filter(container -> !command(pod(pod), container).isEmpty())
        .map(container -> launch.recorded(processName(pod, container.text("name").orElseThrow())))
        .toList();
  }

  /** Kills the pods' processes and takes them off the network. */
  void stop(List<Manifest> pods) {
    if (pods.isEmpty()) {
      return;
    }
    Parallel.forEach(pods, this::killProcesses);
    network.removePods(
        pods.stream().map(pod -> pod.text("status", "podIP").orElseThrow()).toList());
    Parallel.forEach(pods, pod -> pod(pod).namespace().release());
  }

  private void killProcesses(Manifest pod) {
    Stream.concat(containers(pod).stream(), Stream.of(launch.recorded(processName(pod, "pause"))))
        .forEach(process -> {
          process.kill();
          process.forget();
        });
  }

  private static List<String> command(Pod pod, Manifest container) {
    List<String> command = new ArrayList<>(container.texts("command"));
    String image = container.text("image").orElse("");
    if (image.equals(PodTemplate.APP_IMAGE)) {
      command.addAll(OwnProgram.command(Application.class, "--name=" + pod.manifest().name()));
    } else if (!image.equals(PodTemplate.HOST_IMAGE)) {
      throw new IllegalArgumentException(
          fill(
              "pod %s: image is '%s'; the lab runs no images, only %s and %s (programs of this"
                  + " machine)",
              pod.place(), image, PodTemplate.APP_IMAGE, PodTemplate.HOST_IMAGE));
    }
    command.addAll(container.texts("args"));
    return command;
  }

  private static boolean listens(LabProcess process, int port) throws IOException {
    String end = fill(":%04X", port).toUpperCase(Locale.ROOT);
    for (String table : List.of("tcp", "tcp6")) {
      try (var lines = process.proc("net/" + table).lines()) {
        // Fields: number, local address, remote address, state; 0A is LISTEN.
        if (lines
            .map(line -> line.strip().split("\\s+"))
            .anyMatch(f -> f[1].endsWith(end) && f[3].equals("0A"))) {
          return true;
        }
      }
    }
    return false;
  }

  private Path namespaceFile(Manifest pod) {
    return folder.podNamespaces(node).resolve(pod.text("metadata", "uid").orElseThrow());
  }

  private static String processName(Manifest pod, String container) {
    return pod.namespace() + "." + pod.name() + "." + container;
  }
}
