package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.host.Command;
import io.weftmesh.lab.host.LabProcess;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Pods come and go, and nothing of them stays behind. */
@MeshTest
class ManyPodsIT {
  private static final int ROUNDS = 10;
  private static final int PODS_AT_ONCE = 100;
  private static final long ALLOWED_GROWTH_BYTES = 24L << 20;
  private static final int ALLOWED_DESCRIPTORS = 8;

  @BeforeAll
  static void comeAndGoOnce(Lab lab, Mesh mesh) {
    lab.apply(Pods.meshed("in"));
    // The first round makes what later rounds use again: threads, compiled code, buffers.
    comeAndGo(lab, mesh, 0);
  }

  private record Footprint(long residentBytes, int descriptors) {
    static Footprint of(LabProcess process) {
      // Garbage is no growth.
      Command.of(
              Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
              Long.toString(process.pid()),
              "GC.run")
          .run();
      return new Footprint(process.residentBytes(), process.openDescriptors());
    }

    boolean isBackAt(Footprint was) {
      return descriptors <= was.descriptors + ALLOWED_DESCRIPTORS
          && residentBytes < was.residentBytes + ALLOWED_GROWTH_BYTES;
    }
  }

  @Test
  void thousandPodsLeaveNamespacesDescriptorsAndMemoryAsTheyWere(Lab lab, Mesh mesh)
      throws IOException {
    List<LabProcess> processes = processes(lab, mesh);
    List<Footprint> before = processes.stream().map(Footprint::of).toList();
    long namespaces = namespaces(lab);

    for (int round = 1; round <= ROUNDS; round++) {
      comeAndGo(lab, mesh, round);
    }

    assertThat(namespaces(lab)).isEqualTo(namespaces);
    for (int i = 0; i < processes.size(); i++) {
      LabProcess process = processes.get(i);
      Footprint was = before.get(i);
      // Keys linger for some seconds, and what the C library has free is given back now and then.
      if (!Wait.until(() -> Footprint.of(process).isBackAt(was), Duration.ofSeconds(60))) {
        assertThat(Footprint.of(process)).as("of %s", process).isEqualTo(was);
      }
    }
  }

  private static void comeAndGo(Lab lab, Mesh mesh, int round) {
    List<Manifest> pods = new ArrayList<>();
    for (int i = 0; i < PODS_AT_ONCE; i++) {
      String node = lab.nodes().get(i % lab.nodes().size());
      pods.add(Pods.client("in/pod-" + round + "-" + i, node));
    }
    lab.apply(pods);
    mesh.awaitCaptured(pods.stream().map(pod -> lab.pod("in/" + pod.name())).toArray(Pod[]::new));
    lab.delete(pods.stream().map(Manifest::key).toList());
  }

  private static List<LabProcess> processes(Lab lab, Mesh mesh) {
    List<LabProcess> processes = new ArrayList<>(List.of(mesh.ca()));
    for (String node : lab.nodes()) {
      processes.add(mesh.redirector(node));
      processes.add(mesh.nodeProxy(node));
    }
    return processes;
  }

  /** The namespaces that the lab holds; those of ended pods would be held by a descriptor. */
  private static long namespaces(Lab lab) throws IOException {
    try (var mounts = Files.lines(Path.of("/proc/self/mountinfo"))) {
      return mounts.filter(line -> line.contains(lab.folder().path() + "/")).count();
    }
  }
}
