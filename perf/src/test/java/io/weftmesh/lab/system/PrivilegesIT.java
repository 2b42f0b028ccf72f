package io.weftmesh.lab.system;

import static io.weftmesh.lab.host.Template.fill;
import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.cluster.ObjectKey;
import io.weftmesh.lab.host.LabProcess;
import io.weftmesh.lab.host.NetworkNamespace;
import io.weftmesh.lab.mesh.Mesh;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What each process of Weft could do to its node if it were taken over, as the kernel tells it:
 * while it has a pod in its hands.
 */
@MeshTest
class PrivilegesIT {
  private static final List<String> CAPABILITY_SETS =
      List.of("CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:");

  /** NET_ADMIN, NET_RAW, SYS_PTRACE and SYS_ADMIN, by their numbers in linux/capability.h. */
  private static final long OF_REDIRECTOR = 1L << 12 | 1L << 13 | 1L << 19 | 1L << 21;

  private static final Pattern INTERFACE =
      Pattern.compile("^\\d+: ([^:@]+)\\S*: <([^>]*)>", Pattern.MULTILINE);

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    lab.apply(
        Pods.meshed("in"),
        Pods.server("in/one", "node-1", "one"),
        Pods.server("in/two", "node-2", "two"));
    mesh.awaitCaptured(lab.pod("in/one"), lab.pod("in/two"));
  }

  @AfterAll
  static void deletePods(Lab lab) {
    lab.delete(new ObjectKey("Pod", "in", "one"), new ObjectKey("Pod", "in", "two"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"node-1", "node-2"})
  void nodeProxyHoldsNoPrivilegeInAnyThread(String node, Mesh mesh) throws IOException {
    LabProcess proxy = mesh.nodeProxy(node);
    // The kernel keeps them for each thread.
    try (var threads = Files.list(Path.of("/proc", Long.toString(proxy.pid()), "task"))) {
      List<String> ids = threads.map(thread -> thread.getFileName().toString()).toList();
      assertThat(ids).isNotEmpty();
      for (String id : ids) {
        assertThat(CAPABILITY_SETS)
            .as("thread %s of %s", id, proxy)
            .allMatch(set -> capabilities(proxy, id, set) == 0);
        // Real, effective, saved and of the file system.
        assertThat(status(proxy, id, "Uid:").split("\\s+")).hasSize(4).doesNotContain("0");
        assertThat(status(proxy, id, "Gid:").split("\\s+")).hasSize(4).doesNotContain("0");
        assertThat(status(proxy, id, "Groups:")).isEmpty();
        assertThat(status(proxy, id, "NoNewPrivs:")).isEqualTo("1");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"node-1", "node-2"})
  void redirectorHoldsFourCapabilitiesAndNoOther(String node, Mesh mesh) {
    LabProcess redirector = mesh.redirector(node);
    String main = Long.toString(redirector.pid());
    for (String set : CAPABILITY_SETS) {
      assertThat(capabilities(redirector, main, set) & ~OF_REDIRECTOR)
          .as("%s beyond NET_ADMIN, NET_RAW, SYS_PTRACE and SYS_ADMIN", set)
          .isZero();
    }
    // What it runs, such as iptables, gets no more.
    assertThat(capabilities(redirector, main, "CapBnd:")).isEqualTo(OF_REDIRECTOR);
    assertThat(capabilities(redirector, main, "CapInh:")).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"node-1", "node-2"})
  void redirectorLivesWhereThereIsNoNetwork(String node, Lab lab, Mesh mesh) {
    LabProcess redirector = mesh.redirector(node);
    NetworkNamespace own =
        NetworkNamespace.at(Path.of("/proc", Long.toString(redirector.pid()), "ns/net"));
    assertThat(lab.pods().stream().map(pod -> pod.namespace().inode()))
        .contains(lab.pod("in/one").namespace().inode())
        .doesNotContain(own.inode());
    assertThat(own.inode()).isNotEqualTo(lab.network(node).namespace().inode());

    assertThat(INTERFACE.matcher(own.command("ip", "-o", "link").run()).results())
        .isNotEmpty()
        .allMatch(link -> link.group(1).equals("lo"))
        .noneMatch(link -> List.of(link.group(2).split(",")).contains("UP"));
    assertThat(own.command("ip", "-o", "address").run()).isBlank();
    assertThat(own.command("ip", "route", "show", "table", "all").run()).isBlank();
  }

  private static long capabilities(LabProcess process, String thread, String set) {
    return HexFormat.fromHexDigitsToLong(status(process, thread, set));
  }

  private static String status(LabProcess process, String thread, String field) {
    return process
        .proc("task/" + thread + "/status")
        .lines()
        .filter(line -> line.startsWith(field))
        .map(line -> line.substring(field.length()).strip())
        .findFirst()
        .orElseThrow(() -> new IllegalStateException(fill("no %s in %s", field, process)));
  }
}
