package io.weftmesh.proxy.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.proxy.balance.Limit;
import io.weftmesh.proxy.routing.Exclusions;
import io.weftmesh.proxy.routing.PodBounds;
import io.weftmesh.proxy.routing.Workload;
import io.weftmesh.proxy.tcp.PausableEpoll;
import io.weftmesh.proxy.telemetry.Metrics;
import java.io.IOException;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real sockets: what the kernel does with those that are not accepted is the point. */
@Timeout(30)
class AcceptorTest {
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, PausableEpoll.newFactory());
  private final Metrics metrics = new Metrics();
  private final CaptureMetrics captureMetrics = new CaptureMetrics(metrics);
  private final List<EpollSocketChannel> accepted = new CopyOnWriteArrayList<>();
  private final List<Socket> clients = new ArrayList<>();
  private EpollServerSocketChannel listener;

  @AfterEach
  void stop() throws IOException {
    for (Socket client : clients) {
      client.close();
    }
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @Test
  void resetsWhatIsBeyondThePodsBoundUntilOneHasEnded() throws Exception {
    listen(new PodBounds(2, 1000), new Limit(100));
    connect();
    connect();
    await().until(() -> accepted.size() == 2);

    Socket refused = connect();

    assertReset(refused);
    assertThat(text()).contains("refused_total{reason=\"pod_limit\",} 1.0");

    accepted.getFirst().close();
    await().until(() -> !accepted.getFirst().isOpen());
    connect();
    await().until(() -> accepted.size() == 3);
  }

  @Test
  void resetsWhatIsBeyondTheDescriptorsOfTheProcess() throws Exception {
    listen(PodBounds.DEFAULT, new Limit(1));
    connect();
    await().until(() -> accepted.size() == 1);

    assertReset(connect());

    assertThat(text()).contains("refused_total{reason=\"descriptors\",} 1.0");
  }

  @Test
  void letsTheHastyWaitAndFailsNone() throws Exception {
    listen(new PodBounds(100, 20), new Limit(100));
    for (int i = 0; i < 40; i++) {
      connect();
    }

    await().until(() -> accepted.size() == 40);

    assertThat(accepted).allMatch(EpollSocketChannel::isActive);
    assertThat(text()).doesNotContain("weft_accepts_throttled_total 0.0");
  }

  private void listen(PodBounds bounds, Limit total) {
    var pod =
        new CapturedPod(
            new Workload(
                "uid-1",
                "shop",
                "client",
                "client",
                "client",
                "node-1",
                List.of(InetAddress.getLoopbackAddress()),
                Map.of(),
                Exclusions.NONE,
                List.of(),
                bounds),
            SpiffeId.workload("cluster.local", "shop", "client"),
            LoopShard.of("uid-1", List.of(loops.next())),
            (family, count) -> new CompletableFuture<>(),
            captureMetrics);
    listener = new EpollServerSocketChannel();
    listener.pipeline().addLast(new Acceptor(pod, total, captureMetrics, accepted::add));
    loops.register(listener).syncUninterruptibly();
    listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)).syncUninterruptibly();
  }

  private Socket connect() throws IOException {
    var client = new Socket(InetAddress.getLoopbackAddress(), listener.localAddress().getPort());
    clients.add(client);
    return client;
  }

  private static void assertReset(Socket client) {
    assertThatThrownBy(() -> client.getInputStream().read())
        .isInstanceOf(SocketException.class)
        .hasMessageContaining("reset");
  }

  private String text() throws IOException {
    var out = new StringWriter();
    metrics.writeText(out);
    return out.toString();
  }
}
