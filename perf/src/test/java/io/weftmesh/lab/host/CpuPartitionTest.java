package io.weftmesh.lab.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weftmesh.lab.host.CpuPartition.Held;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written where, in a folder that only looks like the kernel's. */
class CpuPartitionTest {
  @TempDir Path root;
  private Path own;

  @BeforeEach
  void inAUsersGroup() throws IOException {
    own =
        Files.writeString(
            root.resolve("own"), "4:memory:/elsewhere\n1:cpu,cpuacct:/user\n0::/user.slice\n");
  }

  @Test
  void version2IsToldBounds() throws IOException {
    Files.writeString(root.resolve("cgroup.controllers"), "cpuset cpu memory\n");

    Held held = CpuPartition.enter(root, own, "weft").hold("noise", 0.5);

    assertThat(root.resolve("cgroup.subtree_control")).hasContent("+cpu");
    assertThat(root.resolve("weft/cgroup.subtree_control")).hasContent("+cpu");
    assertThat(root.resolve("weft/cpu.weight")).hasContent("10000");
    assertThat(root.resolve("weft/free/cpu.weight")).hasContent("1000");
    assertThat(root.resolve("weft/free/cgroup.procs")).hasContent(pid());
    assertThat(held.folder().resolve("cpu.max")).hasContent("5000 10000");
  }

  @Test
  void version1IsToldBounds() throws IOException {
    Files.writeString(root.resolve("cgroup.controllers"), "hugetlb\n");
    Files.createDirectory(root.resolve("cpu"));

    Held held = CpuPartition.enter(root, own, "weft").hold("noise", 1.5);

    assertThat(root.resolve("cpu/weft/cpu.shares")).hasContent("102400");
    assertThat(root.resolve("cpu/weft/free/cpu.shares")).hasContent("10240");
    assertThat(root.resolve("cpu/weft/free/cgroup.procs")).hasContent(pid());
    assertThat(held.folder().resolve("cpu.cfs_period_us")).hasContent("10000");
    assertThat(held.folder().resolve("cpu.cfs_quota_us")).hasContent("15000");
  }

  @Test
  void aMachineWithoutTheControllerIsNamed() {
    assertThatThrownBy(() -> CpuPartition.enter(root, own, "weft"))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining(root.toString());
  }

  private static String pid() {
    return Long.toString(ProcessHandle.current().pid());
  }
}
