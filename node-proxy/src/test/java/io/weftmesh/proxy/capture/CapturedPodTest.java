package io.weftmesh.proxy.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.unix.Socket;
import io.netty.util.concurrent.Future;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.proxy.routing.Exclusions;
import io.weftmesh.proxy.routing.PodBounds;
import io.weftmesh.proxy.routing.Workload;
import io.weftmesh.proxy.tcp.PausableEpoll;
import io.weftmesh.proxy.telemetry.Metrics;
import io.weftmesh.redirector.lease.Descriptor;
import io.weftmesh.redirector.lease.Family;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real sockets, of this process' own network. */
@Timeout(30)
class CapturedPodTest {
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, PausableEpoll.newFactory());
  private final CapturedPod pod =
      new CapturedPod(
          new Workload(
              "uid-1",
              "shop",
              "client",
              "client",
              "client",
              "node-1",
              List.of(InetAddress.ofLiteral("192.0.2.1")),
              Map.of(),
              Exclusions.NONE,
              List.of(),
              PodBounds.DEFAULT),
          SpiffeId.workload("cluster.local", "shop", "client"),
          LoopShard.of("uid-1", List.of(loops.next())),
          CapturedPodTest::lease,
          new CaptureMetrics(new Metrics()));

  @AfterEach
  void stop() {
    pod.close();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @Test
  void keepsNoSocketOfAConnectThatWasRefused() throws Exception {
    assertThat(connect(closedPort()).await().cause()).isInstanceOf(ConnectException.class);
    await().until(() -> pod.openChannels() == 0);
  }

  @Test
  void countsAConnectionUntilItIsClosed() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      DuplexChannel connected = connect(server.getLocalPort()).get();
      assertThat(pod.openChannels()).isOne();
      connected.close().sync();
      await().until(() -> pod.openChannels() == 0);
    }
  }

  private Future<DuplexChannel> connect(int port) {
    return pod.connect(
        loops.next(), new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port), null);
  }

  private static int closedPort() throws IOException {
    try (ServerSocket server = new ServerSocket(0)) {
      return server.getLocalPort();
    }
  }

  private static CompletableFuture<List<Descriptor>> lease(Family family, int count) {
    return CompletableFuture.completedFuture(
        IntStream.range(0, count)
            .mapToObj(i -> new Descriptor(Socket.newSocketStream().intValue()))
            .toList());
  }
}
