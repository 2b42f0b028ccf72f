package io.weftmesh.lab.system;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.Bulk;
import io.weftmesh.lab.client.PodSocket;
import io.weftmesh.lab.mesh.Mesh;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Long streams of bytes arrive as they were sent, and no proxy holds more of them than its share.
 */
@MeshTest
class BulkTransferIT {
  private static final long GIBIBYTE = 1L << 30;
  private static final long SLOW_BYTES = 32L << 20;
  private static final long STALLED_BYTES = 256L << 20;
  private static final long ALLOWED_GROWTH_BYTES = 64L << 20;
  private static final int DIGEST_LENGTH = 64;
  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  private final Map<String, Long> residentBefore = new HashMap<>();

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) throws IOException {
    lab.apply(
        Pods.meshed("in"),
        Pods.client("in/client", "node-1"),
        Pods.server("in/near", "node-1", "near"),
        Pods.server("in/far", "node-2", "far"));
    mesh.awaitCaptured(lab.pod("in/client"), lab.pod("in/near"), lab.pod("in/far"));
    // What a first connection allocates and compiles is not what the tests are about.
    for (String server : new String[] {"in/near", "in/far"}) {
      transferBothWays(lab, server, 64L << 20, Pace.NONE, Pace.NONE);
    }
  }

  @BeforeEach
  void measure(Lab lab, Mesh mesh) {
    for (String node : lab.nodes()) {
      residentBefore.put(node, mesh.nodeProxy(node).residentBytes());
    }
  }

  @AfterEach
  void memoryStaysBounded(Lab lab, Mesh mesh) {
    for (String node : lab.nodes()) {
      long before = residentBefore.get(node);
      assertThat(mesh.nodeProxy(node).residentBytes())
          .as("resident memory on %s, %d before", node, before)
          .isLessThan(before + ALLOWED_GROWTH_BYTES);
    }
  }

  @Test
  void oneGibibyteEachWayBetweenNodesArrivesAsSent(Lab lab) throws IOException {
    transferBothWays(lab, "in/far", GIBIBYTE, Pace.NONE, Pace.NONE);
  }

  @Test
  void oneGibibyteEachWayOnOneNodeArrivesAsSent(Lab lab) throws IOException {
    transferBothWays(lab, "in/near", GIBIBYTE, Pace.NONE, Pace.NONE);
  }

  @Test
  void slowReaderHoldsUpTheServerAndNotTheProxy(Lab lab) throws IOException {
    transferBothWays(lab, "in/far", SLOW_BYTES, Pace.SLOW, Pace.NONE);
  }

  @Test
  void slowWriterLosesNothing(Lab lab) throws IOException {
    transferBothWays(lab, "in/far", SLOW_BYTES, Pace.NONE, Pace.SLOW);
  }

  /** The client reads nothing at all for two seconds: the server's bytes must not gather. */
  @Test
  void readerThatStopsMakesTheSenderStop(Lab lab) throws IOException {
    try (Socket socket = connect(lab, "in/far")) {
      socket.getOutputStream().write(line(STALLED_BYTES));
      LockSupport.parkNanos(Duration.ofSeconds(2).toNanos());
      socket.shutdownOutput();
      Bulk.Digest got = Bulk.digest(socket.getInputStream(), STALLED_BYTES);
      assertThat(got.sha256()).isEqualTo(Bulk.expectedSha256(STALLED_BYTES));
    }
  }

  /** Either side may end first; the other direction goes on to its own end. */
  @Test
  void endOfOneDirectionLeavesTheOtherOpen(Lab lab) throws IOException {
    // The client ends before the server has sent a byte of its bulk.
    transfer(lab, "in/far", 0, 16L << 20, Pace.NONE, Pace.NONE);
    // The server has nothing to send: its direction waits for the client's whole upload.
    transfer(lab, "in/far", 16L << 20, 0, Pace.NONE, Pace.NONE);
  }

  private enum Pace {
    NONE,
    /** A pause after each mebibyte. */
    SLOW
  }

  private static void transferBothWays(Lab lab, String to, long bytes, Pace reader, Pace writer)
      throws IOException {
    transfer(lab, to, bytes, bytes, reader, writer);
  }

  private static void transfer(Lab lab, String to, long up, long down, Pace reader, Pace writer)
      throws IOException {
    try (Socket socket = connect(lab, to)) {
      socket.getOutputStream().write(line(down));
      CompletableFuture<Void> uploaded =
          CompletableFuture.runAsync(() -> upload(socket, up, writer), Thread::startVirtualThread);
      InputStream in = reader == Pace.SLOW ? new SlowInput(socket) : socket.getInputStream();
      Bulk.Digest got = Bulk.digest(in, down);
      String seenByServer = new String(in.readNBytes(DIGEST_LENGTH), US_ASCII);
      uploaded.join();
      assertThat(got.bytes()).isEqualTo(down);
      assertThat(got.sha256()).isEqualTo(Bulk.expectedSha256(down));
      assertThat(seenByServer).isEqualTo(Bulk.expectedSha256(up));
      assertThat(in.read()).as("the end of the server's side").isEqualTo(-1);
    }
  }

  private static void upload(Socket socket, long bytes, Pace pace) {
    try {
      OutputStream out = pace == Pace.SLOW ? new SlowOutput(socket) : socket.getOutputStream();
      Bulk.write(out, bytes);
      socket.shutdownOutput();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Socket connect(Lab lab, String to) throws IOException {
    Pod client = lab.pod("in/client");
    return PodSocket.connect(client.namespace(), lab.pod(to).address(), Pods.TRANSFER, TIMEOUT);
  }

  private static byte[] line(long number) {
    return (number + "\n").getBytes(US_ASCII);
  }

  private static void pauseAfterMebibyte(long before, long after) {
    if (before >> 20 != after >> 20) {
      LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
    }
  }

  private static final class SlowInput extends FilterInputStream {
    private long total;

    SlowInput(Socket socket) throws IOException {
      super(socket.getInputStream());
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int read = in.read(bytes, offset, length);
      pauseAfterMebibyte(total, total + read);
      total += read;
      return read;
    }
  }

  private static final class SlowOutput extends FilterOutputStream {
    private long total;

    SlowOutput(Socket socket) throws IOException {
      super(socket.getOutputStream());
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
      pauseAfterMebibyte(total, total + length);
      total += length;
    }
  }
}
