package io.weftmesh.redirector.netns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CgroupFinderTest {
  private static final String UID = "8f5d2c1e-7a3b-4f60-9c11-0a2b3c4d5e6f";
  private static final String UNDERSCORED = UID.replace('-', '_');
  private static final String OTHER = "00000000-7a3b-4f60-9c11-0a2b3c4d5e6f";
  private static final String CONTAINER =
      "4c1f6a9d0e7b82c35f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f70";

  @TempDir Path proc;
  private CgroupFinder finder;

  @BeforeEach
  void addWhatEveryNodeRuns() throws IOException {
    finder = new CgroupFinder(proc);
    addProcess(1, 1, "0::/init.scope");
    addProcess(2, 1, "0::/");
    addProcess(700, 90, "0::/system.slice/containerd.service");
    addProcess(710, 95, "0::/system.slice/kubelet.service");
    Files.createDirectories(proc.resolve("net"));
    Files.writeString(proc.resolve("meminfo"), "");
  }

  /** One line as each combination of cgroup version, driver and runtime writes it. */
  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "v2 cgroupfs guaranteed,    0::/kubepods/podUID/CONTAINER",
    "v2 cgroupfs burstable,     0::/kubepods/burstable/podUID/CONTAINER",
    "v1 cgroupfs best effort,   4:memory:/kubepods/besteffort/podUID/CONTAINER",
    "v1 several controllers,    '8:cpu,cpuacct:/kubepods/burstable/podUID/CONTAINER'",
    "v1 named hierarchy,        1:name=systemd:/kubepods/podUID/CONTAINER",
    "v2 systemd guaranteed,    "
        + " 0::/kubepods.slice/kubepods-podUNDERSCORED.slice/cri-containerd-CONTAINER.scope",
    "v2 systemd burstable,     "
        + " 0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podUNDERSCORED.slice/crio-CONTAINER.scope",
    "v1 systemd best effort,   "
        + " 6:pids:/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podUNDERSCORED.slice/docker-CONTAINER.scope",
    "containerd under v1,      "
        + " 9:memory:/system.slice/containerd.service/kubepods-burstable-podUNDERSCORED.slice:cri-containerd:CONTAINER",
    "cri-o's container of v2,  "
        + " 0::/kubepods.slice/kubepods-podUNDERSCORED.slice/crio-CONTAINER.scope/container",
    "kind with cgroupfs,        0::/docker/CONTAINER/kubelet/kubepods/burstable/podUID/CONTAINER",
    "kind with systemd,        "
        + " 0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-podUNDERSCORED.slice/cri-containerd-CONTAINER.scope",
    "k3s in docker,             0::/system.slice/docker-CONTAINER.scope/kubepods/podUID/CONTAINER",
    "seen from a namespace,    "
        + " 0::/../../kubepods-burstable-podUNDERSCORED.slice/cri-containerd-CONTAINER.scope",
    "in a cluster in a pod,     0::/kubepods/podOTHER/CONTAINER/kubelet/kubepods/podUID/CONTAINER",
  })
  void findsAPodByItsCgroup(String naming, String line) throws IOException {
    addProcess(
        4711,
        500,
        line.replace("UID", UID)
            .replace("UNDERSCORED", UNDERSCORED)
            .replace("OTHER", OTHER)
            .replace("CONTAINER", CONTAINER));

    assertThat(finder.findProcess(UID)).as(naming).isEqualTo("4711");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0::/kubepods/pod" + OTHER + "/" + CONTAINER,
        "0::/kubepods/pod" + UID + "0/" + CONTAINER,
        "0::/kubepods/xpod" + UID + "/" + CONTAINER,
        "0::/kubepods/" + UID + "/" + CONTAINER,
        "0::/user.slice/" + UID,
        // Of a pod of the cluster that runs inside the pod.
        "0::/kubepods/pod" + UID + "/" + CONTAINER + "/kubepods/pod" + OTHER + "/" + CONTAINER,
        "",
        "no cgroup",
        "0:",
      })
  void passesByWhatIsNotThePod(String line) throws IOException {
    addProcess(4711, 500, line);

    assertThat(finder.findProcess(UID)).isNull();
  }

  @Test
  void findsAStaticPodsUid() throws IOException {
    String hash = "6f0c6c1e2d8a4b3f9e5d7c6b5a493827";
    addProcess(4711, 500, "0::/kubepods/burstable/pod" + hash + "/" + CONTAINER);

    assertThat(finder.findProcess(hash)).isEqualTo("4711");
  }

  @Test
  void readsEveryHierarchyOfVersionOne() throws IOException {
    addProcess(
        4711, 500, "12:cpuset:/\n11:memory:/kubepods/pod" + UID + "/" + CONTAINER + "\n0::/");

    assertThat(finder.findProcess(UID)).isEqualTo("4711");
  }

  @Test
  void prefersTheSandboxToContainersInContainers() throws IOException {
    String pod = "0::/kubepods/pod" + UID + "/" + CONTAINER;
    addProcess(4000, 300, pod + "/docker/inner");
    addProcess(4711, 500, pod);
    addProcess(4800, 400, pod + "/docker/other");

    assertThat(finder.findProcess(UID)).isEqualTo("4711");
  }

  @Test
  void prefersTheOldestOfProcessesThatAreEquallyDeep() throws IOException {
    String pod = "0::/kubepods/pod" + UID + "/";
    addProcess(300, 900, pod + "browser");
    addProcess(4711, 500, pod + "pause");
    addProcess(5000, 901, pod + "application");

    assertThat(finder.findProcess(UID)).isEqualTo("4711");
  }

  @Test
  void prefersThePodToAnImpostorInAnotherPod() throws IOException {
    addProcess(300, 100, "0::/kubepods/pod" + OTHER + "/" + CONTAINER + "/pod" + UID + "/fake");
    addProcess(4711, 500, "0::/kubepods/pod" + UID + "/" + CONTAINER);

    assertThat(finder.findProcess(UID)).isEqualTo("4711");
  }

  @Test
  void survivesProcessesThatEndWhileTheyAreLookedAt() throws IOException {
    Files.createDirectories(proc.resolve("999"));
    addProcess(4711, 500, "0::/kubepods/pod" + UID + "/" + CONTAINER);

    assertThat(finder.findProcess(UID)).isEqualTo("4711");
  }

  @Test
  void opensTheNamespaceOfTheProcess() throws IOException {
    addProcess(4711, 500, "0::/kubepods/pod" + UID + "/" + CONTAINER);
    Path ns = Files.createDirectories(proc.resolve("4711/ns"));
    Files.createSymbolicLink(ns.resolve("net"), Path.of("/proc/self/ns/net"));

    try (NetworkNamespace found = finder.find(UID);
        NetworkNamespace own = NetworkNamespace.open("/proc/self/ns/net")) {
      assertThat(found.identity()).isEqualTo(own.identity());
    }
    assertThat(finder.find(OTHER)).isNull();
  }

  private void addProcess(int pid, long startTime, String cgroup) throws IOException {
    Path directory = Files.createDirectories(proc.resolve(Integer.toString(pid)));
    Files.writeString(directory.resolve("cgroup"), cgroup + "\n");
    Files.writeString(
        directory.resolve("stat"),
        pid
            + " (a) name (x) S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 "
            + startTime
            + " 9 9\n");
  }
}
