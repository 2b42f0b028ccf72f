package io.weftmesh.redirector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.weftmesh.redirector.lease.Descriptor;
import io.weftmesh.redirector.lease.Exclusions;
import io.weftmesh.redirector.lease.PodRef;
import io.weftmesh.redirector.lease.Reason;
import io.weftmesh.redirector.lease.RedirectorClient;
import io.weftmesh.redirector.lease.RedirectorException;
import io.weftmesh.redirector.lease.wire.Codec;
import io.weftmesh.redirector.lease.wire.Message;
import io.weftmesh.redirector.linux.LinuxException;
import io.weftmesh.redirector.linux.Packet;
import io.weftmesh.redirector.linux.Packets;
import io.weftmesh.redirector.linux.Sockets;
import java.io.File;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a client of our own making, that keeps no rule, gets for an answer. */
class RefusalTest {
  private static final PodRef POD =
      new PodRef("no-such-pod", "test", "pod", List.of(), Exclusions.NONE);

  private Mesh mesh;

  @BeforeEach
  void start() throws Exception {
    mesh = new Mesh();
  }

  @AfterEach
  void stop() {
    mesh.close();
  }

  @Test
  void anotherUserIsShownTheDoor() throws Exception {
    mesh.startRedirectorHere(12345);

    assertThatThrownBy(() -> mesh.connect())
        .isInstanceOfSatisfying(
            RedirectorException.class,
            refused -> assertThat(refused.reason()).isEqualTo(Reason.DISCONNECTED));
  }

  @Test
  void everyBadMessageIsRefusedCountedAndSurvived() throws Exception {
    mesh.startRedirectorHere(0);
    RedirectorClient good = mesh.connect();
    long before = openDescriptors();
    try (RawClient raw = new RawClient()) {
      assertThat(raw.ask(Codec.encode(1, new Message.Open(POD)))).contains("before Hello");
      assertThat(raw.ask(Codec.encode(2, new Message.Hello(2, 9, "future")))).contains("VERSION");
      assertThat(raw.ask(Codec.encode(3, new Message.Hello(1, 1, "\nnow")))).contains("Welcome");
      assertThat(raw.ask(new byte[] {1})).contains("has 1 bytes");
      byte[] whole = Codec.encode(4, new Message.Open(POD));
      assertThat(raw.ask(Arrays.copyOf(whole, whole.length - 1))).contains("ends early");
      assertThat(raw.ask(new byte[] {1, 99, 0, 0, 0, 1})).contains("no such type");
      assertThat(raw.ask(new byte[] {7, 4, 0, 0, 0, 1})).contains("VERSION");
      assertThat(raw.ask(Codec.encode(5, new Message.Done()))).contains("not a request");
      assertThat(raw.ask(new byte[Codec.MAX_FRAME_BYTES + 1])).contains("more than 16384");
      int[] fifty = new int[50];
      Arrays.fill(fifty, raw.socket.number());
      assertThat(raw.ask(Codec.encode(6, new Message.Arm("x")), fifty)).contains("50 descriptors");
      assertThat(raw.ask(Codec.encode(7, new Message.Restore(POD)))).contains("0 descriptors");
      assertThat(raw.ask(Codec.encode(8, new Message.Restore(POD)), fifty[0], fifty[0], fifty[0]))
          .contains("NAMESPACE_NOT_FOUND");
      assertThat(good.list(false).counters().refused()).isEqualTo(9);
    }
    await().untilAsserted(() -> assertThat(openDescriptors()).isLessThanOrEqualTo(before));
  }

  @Test
  void survivesNoise() throws Exception {
    mesh.startRedirectorHere(0);
    Random random = new Random(3);
    byte[] hello = Codec.encode(1, new Message.Hello(1, 1, "noise"));
    try (RawClient raw = new RawClient()) {
      assertThat(raw.ask(hello)).contains("Welcome");
      for (int i = 0; i < 2000; i++) {
        byte[] noise = Codec.encode(i, new Message.Open(POD));
        for (int flips = 1 + random.nextInt(5); flips > 0; flips--) {
          noise[random.nextInt(noise.length)] = (byte) random.nextInt();
        }
        assertThat(raw.ask(noise)).isNotEmpty();
      }
      assertThat(raw.ask(hello)).contains("Welcome");
    }
  }

  @Test
  void moreConnectionsThanTwoGenerationsNeedAreRefused() throws Exception {
    mesh.startRedirectorHere(0);
    for (int i = 0; i < 8; i++) {
      mesh.connect();
    }
    assertThatThrownBy(() -> mesh.connect()).isInstanceOf(RedirectorException.class);
  }

  @Test
  void aSecondRedirectorDoesNotTakeTheSocketAway() throws Exception {
    mesh.startRedirectorHere(0);

    assertThatThrownBy(() -> mesh.startRedirectorHere(0))
        .hasMessageContaining("another redirector");
    assertThat(mesh.connect().list(false).pods()).isEmpty();
  }

  @Test
  void theClientSaysWhenThereIsNoRedirectorAndWhenItHasGone() throws Exception {
    assertThatThrownBy(() -> mesh.connect())
        .isInstanceOfSatisfying(
            RedirectorException.class,
            refused -> assertThat(refused.reason()).isEqualTo(Reason.DISCONNECTED))
        .hasMessageContaining(mesh.socket().toString());

    Redirector redirector = mesh.startRedirectorHere(0);
    RecordingListener listener = new RecordingListener();
    RedirectorClient client = mesh.connect(listener);
    redirector.close();

    await().untilAsserted(() -> assertThat(listener.events).containsExactly("lost"));
    assertThatThrownBy(() -> client.list(false))
        .isInstanceOfSatisfying(
            RedirectorException.class,
            refused -> assertThat(refused.reason()).isEqualTo(Reason.DISCONNECTED));
  }

  private static long openDescriptors() {
    return new File("/proc/self/fd").list().length;
  }

  private final class RawClient implements AutoCloseable {
    private final Descriptor socket;

    RawClient() throws LinuxException {
      socket = new Descriptor(Sockets.socket(Sockets.AF_UNIX, Sockets.SOCK_SEQPACKET));
      Sockets.connectUnix(socket.number(), mesh.socket());
    }

    /** The answer as text. */
    String ask(byte[] bytes, int... descriptors) throws Exception {
      Packets.send(socket.number(), bytes, descriptors);
      Packet packet = Packets.receive(socket.number(), Codec.MAX_FRAME_BYTES);
      packet.closeDescriptors();
      if (packet.isEnd()) {
        throw new IOException("the redirector has closed the connection");
      }
      return Codec.decode(packet.bytes()).toString();
    }

    @Override
    public void close() {
      socket.close();
    }
  }
}
