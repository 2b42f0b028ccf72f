package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.HttpConnection;
import io.weftmesh.lab.client.Load;
import io.weftmesh.lab.client.Pulse;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pods enter and leave the mesh by a label alone, while they are in use. */
@MeshTest
class ReleaseIT {
  private static final String LABEL = "weftmesh.io/mesh";

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    lab.apply(
        Pods.plain("shop"),
        labelled(Pods.client("shop/client", "node-1"), true),
        labelled(Pods.server("shop/far", "node-2", "far"), true),
        Pods.service("shop/far", "far"),
        Pods.client("shop/outsider", "node-1"));
    mesh.awaitCaptured(lab.pod("shop/client"), lab.pod("shop/far"));
  }

  @ParameterizedTest(name = "{0}, called by {1}")
  @CsvSource({"shop/client, shop/client", "shop/far, shop/client", "shop/far, shop/outsider"})
  void labelTakenAwayAndGivenBackUnderLoadFailsNothing(
      String changed, String caller, Lab lab, Mesh mesh) throws IOException {
    Pod client = lab.pod(caller);
    Pod pod = lab.pod(changed);
    String rulesOfOthers = rules(lab.pod("shop/outsider"));
    try (Load load =
            Load.start(
                Load.Settings.newConnections(
                    client.namespace(), lab.service("shop/far"), 80, 100));
        Pulse whileCaptured =
            Pulse.start(client.namespace(), lab.pod("shop/far").address(), Pods.ECHO)) {
      lab.apply(labelled(pod.manifest(), false));
      Wait.until(() -> !redirects(pod), "the redirecting rules to be gone");
      Pulse whileReleased =
          Pulse.start(client.namespace(), lab.pod("shop/far").address(), Pods.ECHO);
      long beats = whileCaptured.beats();
      Wait.until(() -> whileCaptured.beats() > beats + 5, "the older connection to go on");
      assertThat(load.report().failures()).isEmpty();

      lab.apply(labelled(pod.manifest(), true));
      mesh.awaitCaptured(pod);
      long moreBeats = whileReleased.beats();
      Wait.until(() -> whileReleased.beats() > moreBeats + 5, "the direct connection to go on");
      assertThat(whileCaptured.failure()).as("opened before the release").isEmpty();
      assertThat(whileReleased.failure()).as("opened before the arming").isEmpty();
      whileReleased.close();
      assertThat(load.stop().failures()).isEmpty();
    }

    lab.apply(labelled(pod.manifest(), false));
    Wait.until(() -> rules(pod).equals(rulesOfOthers), "all rules to be gone without trace");
    Wait.until(() -> listeners(pod).isEmpty(), "the listeners to be gone");
    assertThat(
            HttpConnection.getOnce(
                    client.namespace(), lab.service("shop/far"), 80, "/", Duration.ofSeconds(5))
                .status())
        .isEqualTo(200);
    lab.apply(labelled(pod.manifest(), true));
    mesh.awaitCaptured(pod);
  }

  private static Manifest labelled(Manifest pod, boolean inTheMesh) {
    return inTheMesh
        ? pod.with("enabled", "metadata", "labels", LABEL)
        : pod.without("metadata", "labels", LABEL);
  }

  private static boolean redirects(Pod pod) {
    return rules(pod).contains("REDIRECT");
  }

  /**
   * Every rule, route and routing rule, of both families. Empty tables are not told apart from
   * none: the kernel keeps a table that was once used.
   */
  private static String rules(Pod pod) {
    StringBuilder all = new StringBuilder();
    for (String command :
        List.of(
            "iptables-save",
            "ip6tables-save",
            "ip rule",
            "ip -6 rule",
            "ip route show table all",
            "ip -6 route show table all")) {
      all.append(
          pod.namespace()
              .command("sh", "-c", command + " | grep -v '^[#*]\\|^COMMIT\\|^:[A-Z]* [A-Z]'")
              .runAnyway()
              .output());
    }
    return all.toString()
        .replace(pod.address6(), "IP6")
        .replace(pod.address(), "IP")
        .replaceAll("\\[\\d+:\\d+]", "")
        .replaceAll("10\\.244\\.\\d+\\.1\\b", "GATEWAY")
        .replaceAll("fd77:244:0:\\d+::1\\b", "GATEWAY6")
        .replaceAll("fe80::[0-9a-f:]+", "LINK");
  }

  private static List<String> listeners(Pod pod) {
    return pod.namespace()
        .command("ss", "-Hltn")
        .run()
        .lines()
        .filter(line -> line.matches(".*:150(01|06|08)\\b.*"))
        .toList();
  }
}
