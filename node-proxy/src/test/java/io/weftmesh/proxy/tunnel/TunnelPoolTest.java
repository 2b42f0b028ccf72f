package io.weftmesh.proxy.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.fixtures.TestAuthority;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TunnelPoolTest {
  private static final InetSocketAddress TARGET = new InetSocketAddress(TestMesh.LOOPBACK, 8080);
  private static final String OPENED = "weft_tunnels_opened_total{side=\"client\",}";

  private final TestMesh mesh = new TestMesh();
  private final EventLoop loop = mesh.loops.next();
  private TestMesh.TestPod client;
  private TestMesh.TestPod target;
  private InetSocketAddress application;

  @BeforeEach
  void start() throws Exception {
    client = mesh.pod("client");
    target = mesh.pod("target");
    application = mesh.serve(new Sink());
    mesh.inbound.dial = (its, pod, caller, to) -> mesh.dial(its, application);
  }

  @AfterEach
  void stop() {
    mesh.close();
  }

  @Test
  void opensOneTunnelUnderAStampede() throws Exception {
    mesh.listen(mesh.server(TunnelSettings.DEFAULT), target);
    TunnelPool pool = mesh.pool(TunnelSettings.DEFAULT);
    List<Future<DuplexChannel>> streams = open(pool, 500);
    for (Future<DuplexChannel> stream : streams) {
      assertThat(stream.get(10, TimeUnit.SECONDS).isActive()).isTrue();
    }
    assertThat(mesh.metric(OPENED)).isEqualTo(1);
    assertThat(mesh.inbound.callers)
        .allSatisfy(caller -> assertThat(caller.identity()).isEqualTo(client.identity()));
  }

  @Test
  void opensAnotherTunnelOnlyWhenThoseThereAreFull() throws Exception {
    TunnelSettings settings = with(20, 3, 100);
    mesh.listen(mesh.server(settings), target);
    TunnelPool pool = mesh.pool(settings);
    for (Future<DuplexChannel> stream : open(pool, 45)) {
      stream.get(10, TimeUnit.SECONDS);
    }
    assertThat(mesh.metric(OPENED)).isEqualTo(3);
    for (Future<DuplexChannel> stream : open(pool, 15)) {
      stream.get(10, TimeUnit.SECONDS);
    }
    assertThat(failure(open(pool, 1).getFirst()).reason()).isEqualTo(Unreachable.Reason.OVERLOADED);
    assertThat(mesh.metric(OPENED)).isEqualTo(3);
  }

  @Test
  void boundsThoseWhoWait() throws Exception {
    TunnelSettings settings = with(1000, 1, 10);
    mesh.listen(mesh.server(settings), target);
    List<Future<DuplexChannel>> streams = open(mesh.pool(settings), 30);
    int refused = 0;
    for (Future<DuplexChannel> stream : streams) {
      stream.await(10, TimeUnit.SECONDS);
      if (!stream.isSuccess()) {
        assertThat(failure(stream).reason()).isEqualTo(Unreachable.Reason.OVERLOADED);
        refused++;
      }
    }
    assertThat(refused).isEqualTo(20);
  }

  @Test
  void sharesNoTunnelBetweenClientPods() throws Exception {
    mesh.listen(mesh.server(TunnelSettings.DEFAULT), target);
    TunnelPool pool = mesh.pool(TunnelSettings.DEFAULT);
    TestMesh.TestPod other = mesh.pod("other");
    for (TestMesh.TestPod pod : List.of(client, other)) {
      pool.open(loop, pod, target.identity(), TARGET).get(10, TimeUnit.SECONDS);
    }
    assertThat(mesh.metric(OPENED)).isEqualTo(2);
    assertThat(mesh.inbound.callers)
        .extracting(Caller::identity)
        .containsExactly(client.identity(), other.identity());
  }

  @Test
  void refusesAServerOfAnotherIdentity() throws Exception {
    mesh.listen(mesh.server(TunnelSettings.DEFAULT), target);
    TunnelPool pool = mesh.pool(TunnelSettings.DEFAULT);
    SpiffeId expected = SpiffeId.workload(TestMesh.TRUST_DOMAIN, "shop", "somebody-else");
    Unreachable failure = failure(pool.open(loop, client, expected, TARGET));
    assertThat(failure.reason()).isEqualTo(Unreachable.Reason.TLS);
    assertThat(failure).hasMessageContaining("somebody-else");
    assertThat(mesh.inbound.callers).isEmpty();
  }

  @Test
  void saysThatNobodyAnswersWhereNobodyListens() throws Exception {
    Unreachable failure =
        failure(mesh.pool(TunnelSettings.DEFAULT).open(loop, client, target.identity(), TARGET));
    assertThat(failure.reason()).isEqualTo(Unreachable.Reason.REFUSED);
    assertThat(failure.isUnanswered()).isTrue();
  }

  @Test
  void namesTheNetworkPolicyWhenTheConnectTimesOut() throws Exception {
    TestMesh.TestPod stuck =
        mesh.new TestPod("client", TestMesh.LOOPBACK) {
          @Override
          public Future<DuplexChannel> connect(
              EventLoop its, InetSocketAddress remote, java.net.InetAddress source) {
            return its.newPromise();
          }
        };
    TunnelSettings quick = withConnectTimeout(Duration.ofMillis(50));
    Unreachable failure = failure(mesh.pool(quick).open(loop, stuck, target.identity(), TARGET));
    assertThat(failure.reason()).isEqualTo(Unreachable.Reason.TIMED_OUT);
    assertThat(failure).hasMessageContaining("a NetworkPolicy may forbid port 15008");
    assertThat(failure.isUnanswered()).isTrue();
  }

  @Test
  void opensANewTunnelWhenTrustChangesAndLeavesTheOldStreams() throws Exception {
    mesh.listen(mesh.server(TunnelSettings.DEFAULT), target);
    TunnelPool pool = mesh.pool(TunnelSettings.DEFAULT);
    DuplexChannel before = open(pool, 1).getFirst().get(10, TimeUnit.SECONDS);
    Recorder atServer = Recorder.on(mesh.inbound.next().stream());
    mesh.identity.trust.update(
        TestAuthority.bundle(
            2, mesh.identity.authority, TestAuthority.root(TestMesh.TRUST_DOMAIN)));
    await()
        .atMost(10, TimeUnit.SECONDS)
        .until(() -> {
          open(pool, 1).getFirst().get(10, TimeUnit.SECONDS).close();
          return mesh.metric(OPENED) >= 2;
        });
    assertThat(before.isActive()).isTrue();
    before.writeAndFlush(before.alloc().buffer().writeZero(10)).sync();
    before.shutdownOutput().sync();
    assertThat(atServer.failed).isNotDone();
  }

  @Test
  void closesTheTunnelsOfAReleasedPodWithTheirLastStream() throws Exception {
    mesh.listen(mesh.server(TunnelSettings.DEFAULT), target);
    TunnelPool pool = mesh.pool(TunnelSettings.DEFAULT);
    DuplexChannel stream = open(pool, 1).getFirst().get(10, TimeUnit.SECONDS);
    DuplexChannel served = mesh.inbound.next().stream();
    pool.release(client);
    assertThat(stream.isActive()).isTrue();
    stream.shutdownOutput().sync();
    served.shutdownOutput().sync();
    await()
        .atMost(10, TimeUnit.SECONDS)
        .until(() -> mesh.metric("weft_tunnels{side=\"client\",}") == 0);
  }

  @Test
  void handsOverFromOneGenerationToTheNext() throws Exception {
    HboneServer old = mesh.server(TunnelSettings.DEFAULT);
    mesh.listen(old, target);
    TunnelPool pool = mesh.pool(TunnelSettings.DEFAULT);
    DuplexChannel held = open(pool, 1).getFirst().get(10, TimeUnit.SECONDS);
    DuplexChannel served = mesh.inbound.next().stream();

    mesh.listen(mesh.server(TunnelSettings.DEFAULT), target);
    CompletableFuture<Void> drained = old.drain();
    // New streams never fail meanwhile, whether they cross the GOAWAY or not.
    for (int i = 0; i < 200; i++) {
      DuplexChannel stream = open(pool, 1).getFirst().get(10, TimeUnit.SECONDS);
      DuplexChannel other = mesh.inbound.next().stream();
      stream.shutdownOutput();
      other.shutdownOutput();
    }
    assertThat(mesh.metric(OPENED)).isEqualTo(2);
    assertThat(held.isActive()).isTrue();
    assertThat(drained).isNotDone();
    held.shutdownOutput().sync();
    served.shutdownOutput().sync();
    drained.get(10, TimeUnit.SECONDS);
  }

  @Test
  void drainsWhenItsStreamsHaveEnded() throws Exception {
    mesh.listen(mesh.server(TunnelSettings.DEFAULT), target);
    TunnelPool pool = mesh.pool(TunnelSettings.DEFAULT);
    DuplexChannel stream = open(pool, 1).getFirst().get(10, TimeUnit.SECONDS);
    DuplexChannel served = mesh.inbound.next().stream();
    CompletableFuture<Void> drained = pool.drain();
    assertThat(drained).isNotDone();
    stream.shutdownOutput().sync();
    served.shutdownOutput().sync();
    drained.get(10, TimeUnit.SECONDS);

    // What is still asked for is served, and leaves no tunnel behind.
    DuplexChannel late = open(pool, 1).getFirst().get(10, TimeUnit.SECONDS);
    late.shutdownOutput().sync();
    mesh.inbound.next().stream().shutdownOutput().sync();
    await()
        .atMost(10, TimeUnit.SECONDS)
        .until(() -> mesh.metric("weft_tunnels{side=\"client\",}") == 0);
  }

  private List<Future<DuplexChannel>> open(TunnelPool pool, int count) throws Exception {
    List<Future<DuplexChannel>> streams = new ArrayList<>();
    loop.submit(
            () -> {
              for (int i = 0; i < count; i++) {
                streams.add(pool.open(loop, client, target.identity(), TARGET));
              }
            })
        .get(10, TimeUnit.SECONDS);
    return streams;
  }

  private static Unreachable failure(Future<DuplexChannel> stream) throws Exception {
    assertThat(stream.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(stream.cause()).isInstanceOf(Unreachable.class);
    return (Unreachable) stream.cause();
  }

  private static TunnelSettings with(int maxStreams, int maxTunnels, int maxWaiting) {
    TunnelSettings d = TunnelSettings.DEFAULT;
    return new TunnelSettings(
        d.connectTimeout(),
        d.handshakeTimeout(),
        d.acceptedHandshakeTimeout(),
        d.identityWait(),
        d.pingInterval(),
        d.pingTimeout(),
        d.idleTimeout(),
        maxStreams,
        maxTunnels,
        maxWaiting,
        d.maxAccepted(),
        d.maxHandshakes());
  }

  private static TunnelSettings withConnectTimeout(Duration timeout) {
    TunnelSettings d = TunnelSettings.DEFAULT;
    return new TunnelSettings(
        timeout,
        d.handshakeTimeout(),
        d.acceptedHandshakeTimeout(),
        d.identityWait(),
        d.pingInterval(),
        d.pingTimeout(),
        d.idleTimeout(),
        d.maxStreams(),
        d.maxTunnels(),
        d.maxWaiting(),
        d.maxAccepted(),
        d.maxHandshakes());
  }

  /** An application that accepts and says nothing. */
  private static final class Sink extends ChannelInboundHandlerAdapter {
    @Override
    public boolean isSharable() {
      return true;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }
}
