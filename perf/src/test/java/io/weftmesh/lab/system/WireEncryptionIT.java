package io.weftmesh.lab.system;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.WireTap;
import io.weftmesh.lab.client.PodSocket;
import io.weftmesh.lab.mesh.Mesh;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the bridge between the nodes carries. */
@MeshTest
class WireEncryptionIT {
  private static final String MARKER = "#a-marker-that-nobody-may-read;";
  private static final int BYTES = 10_000_000;

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    lab.apply(
        Pods.meshed("in"),
        Pods.plain("out"),
        Pods.client("in/client", "node-1"),
        Pods.server("in/server", "node-2", "server"),
        Pods.client("out/client", "node-1"),
        Pods.server("out/server", "node-2", "server"));
    mesh.awaitCaptured(lab.pod("in/client"), lab.pod("in/server"));
  }

  @Test
  void tenMegabytesBetweenMeshedPodsShowNoneOfTheirContent(Lab lab) throws IOException {
    try (WireTap tap = WireTap.start(lab)) {
      long sent = sendMarkers(lab.pod("in/client"), lab.pod("in/server"), BYTES);
      WireTap.Recording recording = tap.stop();
      assertThat(recording.bytes()).isGreaterThan(2 * sent);
      assertThat(recording.occurrences(MARKER)).isZero();
    }
  }

  /** Without this, the test above could pass for the wrong reason. */
  @Test
  void tapSeesThePlaintextOfPodsOutsideTheMesh(Lab lab) throws IOException {
    try (WireTap tap = WireTap.start(lab)) {
      sendMarkers(lab.pod("out/client"), lab.pod("out/server"), 100_000);
      assertThat(tap.stop().occurrences(MARKER)).isGreaterThan(1_000);
    }
  }

  /** Sends markers to an echo server and reads them back. */
  private static long sendMarkers(Pod from, Pod to, int bytes) throws IOException {
    byte[] chunk = MARKER.repeat(100).getBytes(US_ASCII);
    long sent = 0;
    try (Socket socket =
        PodSocket.connect(from.namespace(), to.address(), Pods.ECHO, Duration.ofSeconds(10))) {
      while (sent < bytes) {
        socket.getOutputStream().write(chunk);
        assertThat(socket.getInputStream().readNBytes(chunk.length)).isEqualTo(chunk);
        sent += chunk.length;
      }
    }
    return sent;
  }
}
