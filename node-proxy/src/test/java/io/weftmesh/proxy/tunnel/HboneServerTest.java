package io.weftmesh.proxy.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2ChannelDuplexHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a peer that is not this proxy, or means no good, gets for an answer. */
@Timeout(60)
class HboneServerTest {
  private final TestMesh mesh = new TestMesh();
  private final EventLoop loop = mesh.loops.next();
  private TestMesh.TestPod client;
  private TestMesh.TestPod target;
  private InetSocketAddress application;

  @BeforeEach
  void start() throws Exception {
    client = mesh.pod("client");
    target = mesh.pod("target");
    application = mesh.serve(new Ignore());
    mesh.inbound.dial = (its, pod, caller, to) -> mesh.dial(its, application);
  }

  @AfterEach
  void stop() {
    mesh.close();
  }

  /** As ztunnel asks: no scheme, no path. */
  @Test
  void answersAConnectWith200OnceTheApplicationHasAccepted() throws Exception {
    Peer peer = peer(mesh.listen(mesh.server(TunnelSettings.DEFAULT), target));
    Http2Headers answer = peer.ask(connectTo("127.0.0.1:8080"));
    assertThat(answer.status()).hasToString("200");
    assertThat(answer.size()).isEqualTo(1);
    TestInbound.Accepted accepted = mesh.inbound.next();
    assertThat(accepted.destination()).isEqualTo(new InetSocketAddress(TestMesh.LOOPBACK, 8080));
    assertThat(accepted.caller().identity()).isEqualTo(client.identity());
    assertThat(accepted.target()).isEqualTo(target);
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "GET, 127.0.0.1:8080, -, -, 405, only CONNECT",
        "GET, 127.0.0.1:8080, https, /, 405, only CONNECT",
        "CONNECT, -, -, -, 400, :authority",
        "CONNECT, 127.0.0.1:8080, https, /, 400, no other",
        "CONNECT, 127.0.0.1:8080, -, /, 400, no other",
        "CONNECT, echo.shop:8080, -, -, 400, not an IP address",
        "CONNECT, 127.0.0.1, -, -, 400, not an IP address",
        "CONNECT, 127.0.0.1:0, -, -, 400, not an IP address",
        "CONNECT, 127.0.0.2:8080, -, -, 400, not an address of this pod",
        "CONNECT, [::1]:8080, -, -, 400, not an address of this pod",
        "CONNECT, 127.0.0.1:15001, -, -, 400, the proxy's own",
        "CONNECT, 127.0.0.1:15006, -, -, 400, the proxy's own",
        "CONNECT, 127.0.0.1:15008, -, -, 400, the proxy's own",
        "CONNECT, 127.0.0.1:15020, -, -, 400, the proxy's own",
        "CONNECT, 127.0.0.1:15021, -, -, 400, the proxy's own",
        "CONNECT, [::ffff:127.0.0.1]:15008, -, -, 400, the proxy's own",
      })
  void refusesWhatIsNoConnectToAPortOfThisPod(
      String method, String authority, String scheme, String path, String status, String error)
      throws Exception {
    Peer peer = peer(mesh.listen(mesh.server(TunnelSettings.DEFAULT), target));
    Http2Headers headers = new DefaultHttp2Headers(false).method(method);
    if (authority != null) {
      headers.authority(authority);
    }
    if (scheme != null) {
      headers.scheme(scheme);
    }
    if (path != null) {
      headers.path(path);
    }
    Http2Headers answer = peer.ask(headers);
    assertThat(answer.status()).hasToString(status);
    assertThat(answer.get("x-weft-error").toString()).contains(error);
    assertThat(mesh.inbound.callers).isEmpty();
    // The tunnel itself lives on.
    assertThat(peer.ask(connectTo("127.0.0.1:8080")).status()).hasToString("200");
  }

  @ParameterizedTest
  @CsvSource({"DENIED, 401", "UNREACHABLE, 503"})
  void saysWhyTheApplicationWasNotReached(Refused.Reason reason, String status) throws Exception {
    mesh.inbound.dial =
        (its, pod, caller, to) -> its.newFailedFuture(new Refused(reason, "because\r\nof \u00e9"));
    Peer peer = peer(mesh.listen(mesh.server(TunnelSettings.DEFAULT), target));
    Http2Headers answer = peer.ask(connectTo("127.0.0.1:8080"));
    assertThat(answer.status()).hasToString(status);
    assertThat(answer.get("x-weft-error")).hasToString("because??of ?");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\u0016\u0003\u0001\u0000\u0005garbage in a TLS record and more of it",
        "\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000",
      })
  void closesWhatIsNotTls(String hello) throws Exception {
    InetSocketAddress address = mesh.listen(mesh.server(TunnelSettings.DEFAULT), target);
    DuplexChannel raw = mesh.dial(loop, address).get(10, TimeUnit.SECONDS);
    Recorder recorder = Recorder.on(raw);
    raw.config().setAutoRead(true);
    raw.writeAndFlush(Unpooled.copiedBuffer(hello, StandardCharsets.ISO_8859_1));
    CompletableFuture.anyOf(recorder.ended, recorder.failed, recorder.inactive)
        .get(10, TimeUnit.SECONDS);
    await()
        .atMost(10, TimeUnit.SECONDS)
        .untilAsserted(() ->
            assertThat(failures("not_tls") + failures("tls")).as(mesh.metricsText()).isEqualTo(1));
  }

  @Test
  void givesASilentPeerLittleTime() throws Exception {
    InetSocketAddress address =
        mesh.listen(mesh.server(settings(Duration.ofMillis(100), 100)), target);
    DuplexChannel raw = mesh.dial(loop, address).get(10, TimeUnit.SECONDS);
    Recorder recorder = Recorder.on(raw);
    raw.config().setAutoRead(true);
    recorder.ended.get(10, TimeUnit.SECONDS);
    assertThat(failures("handshake_timeout")).isEqualTo(1);
  }

  @Test
  void boundsHandshakesThatAreUnderWay() throws Exception {
    InetSocketAddress address =
        mesh.listen(mesh.server(settings(Duration.ofSeconds(30), 2)), target);
    for (int i = 0; i < 5; i++) {
      mesh.dial(loop, address).get(10, TimeUnit.SECONDS);
    }
    await().atMost(10, TimeUnit.SECONDS).until(() -> failures("overloaded") == 3);
  }

  @Test
  void closesWhereThePodHasNoCertificate() throws Exception {
    TestMesh.TestPod without = mesh.new TestPod("without", TestMesh.LOOPBACK);
    InetSocketAddress address = mesh.listen(mesh.server(TunnelSettings.DEFAULT), without);
    DuplexChannel raw = mesh.dial(loop, address).get(10, TimeUnit.SECONDS);
    Recorder recorder = Recorder.on(raw);
    raw.config().setAutoRead(true);
    recorder.ended.get(10, TimeUnit.SECONDS);
    assertThat(failures("no_identity")).isEqualTo(1);
  }

  @Test
  void holdsPeersUntilThePodHasACertificate() throws Exception {
    TestMesh.TestPod late = mesh.new TestPod("late", TestMesh.LOOPBACK);
    mesh.identity.hold(late.identity());
    mesh.identity.identities.require(late.identity());
    InetSocketAddress address = mesh.listen(mesh.server(TunnelSettings.DEFAULT), late);
    TunnelPool pool = mesh.pool(TunnelSettings.DEFAULT);
    Future<DuplexChannel> stream =
        pool.open(
            loop,
            mesh.pod("early"),
            late.identity(),
            new InetSocketAddress(address.getAddress(), 80));
    await().atMost(10, TimeUnit.SECONDS).until(() -> !mesh.wires.isEmpty());
    mesh.identity.letGo(late.identity());
    assertThat(stream.get(10, TimeUnit.SECONDS).isActive()).isTrue();
    assertThat(failures("no_identity")).isZero();
  }

  @Test
  void refusesPeersOfAPodThatGetsNoCertificateInTime() throws Exception {
    TestMesh.TestPod late = mesh.new TestPod("late", TestMesh.LOOPBACK);
    mesh.identity.hold(late.identity());
    mesh.identity.identities.require(late.identity());
    TunnelSettings impatient = TunnelSettings.DEFAULT.withIdentityWait(Duration.ofMillis(50));
    DuplexChannel raw =
        mesh.dial(loop, mesh.listen(mesh.server(impatient), late)).get(10, TimeUnit.SECONDS);
    Recorder recorder = Recorder.on(raw);
    raw.config().setAutoRead(true);
    recorder.ended.get(10, TimeUnit.SECONDS);
    assertThat(failures("no_identity")).isEqualTo(1);
  }

  @Test
  void endsATunnelThatSendsAHeaderBomb() throws Exception {
    Peer peer = peer(mesh.listen(mesh.server(TunnelSettings.DEFAULT), target));
    Http2Headers bomb = connectTo("127.0.0.1:8080");
    for (int i = 0; i < 100; i++) {
      bomb.add("x-bomb-" + i, "b".repeat(1000));
    }
    peer.send(bomb);
    peer.ended.get(10, TimeUnit.SECONDS);
    assertThat(mesh.inbound.callers).isEmpty();
  }

  @Test
  void endsATunnelThatResetsWithoutEnd() throws Exception {
    Peer peer = peer(mesh.listen(mesh.server(TunnelSettings.DEFAULT), target));
    mesh.inbound.dial = (its, pod, caller, to) -> its.newPromise();
    peer.resetRapidly(30_000);
    peer.ended.get(30, TimeUnit.SECONDS);
    await()
        .atMost(10, TimeUnit.SECONDS)
        .until(() -> mesh.metric("weft_tunnel_streams{side=\"server\",}") == 0);
  }

  private double failures(String reason) {
    return mesh.metric("weft_tunnel_failures_total{side=\"server\",reason=\"" + reason + "\",}");
  }

  private static Http2Headers connectTo(String authority) {
    return new DefaultHttp2Headers(false).method("CONNECT").authority(authority);
  }

  private static TunnelSettings settings(Duration handshakeTimeout, int maxHandshakes) {
    TunnelSettings d = TunnelSettings.DEFAULT;
    return new TunnelSettings(
        d.connectTimeout(),
        d.handshakeTimeout(),
        handshakeTimeout,
        d.identityWait(),
        d.pingInterval(),
        d.pingTimeout(),
        d.idleTimeout(),
        d.maxStreams(),
        d.maxTunnels(),
        d.maxWaiting(),
        d.maxAccepted(),
        maxHandshakes);
  }

  /** A client with Netty's codec as it comes, and a certificate of the mesh. */
  private Peer peer(InetSocketAddress address) throws Exception {
    DuplexChannel raw = mesh.dial(loop, address).get(10, TimeUnit.SECONDS);
    SslHandler tls =
        mesh.identity.tls.client(client.identity(), target.identity(), raw.alloc()).orElseThrow();
    Peer peer = new Peer();
    raw.eventLoop()
        .submit(() -> {
          raw.pipeline()
              .addLast(
                  tls,
                  Http2FrameCodecBuilder.forClient()
                      .validateHeaders(false)
                      .encoderIgnoreMaxHeaderListSize(true)
                      .initialSettings(new Http2Settings().pushEnabled(false))
                      .build(),
                  peer);
          raw.config().setAutoRead(true);
        })
        .get(10, TimeUnit.SECONDS);
    peer.settled.get(10, TimeUnit.SECONDS);
    return peer;
  }

  private static final class Peer extends Http2ChannelDuplexHandler {
    private final BlockingQueue<Http2Headers> answers = new LinkedBlockingQueue<>();
    private final CompletableFuture<Void> settled = new CompletableFuture<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private ChannelHandlerContext ctx;

    @Override
    protected void handlerAdded0(ChannelHandlerContext ctx) {
      this.ctx = ctx;
    }

    Http2Headers ask(Http2Headers headers) throws Exception {
      send(headers);
      Http2Headers answer = answers.poll(10, TimeUnit.SECONDS);
      assertThat(answer).as("an answer to %s", headers).isNotNull();
      return answer;
    }

    void send(Http2Headers headers) {
      ctx.executor()
          .execute(() ->
              ctx.writeAndFlush(new DefaultHttp2HeadersFrame(headers, false).stream(newStream())));
    }

    /** CONNECT and RST_STREAM, over and over. */
    void resetRapidly(int times) {
      ctx.executor()
          .execute(() -> {
            for (int i = 0; i < 500; i++) {
              Http2FrameStream stream = newStream();
              ctx.write(
                  new DefaultHttp2HeadersFrame(connectTo("127.0.0.1:8080"), false).stream(stream));
              ctx.write(new DefaultHttp2ResetFrame(Http2Error.CANCEL).stream(stream));
            }
            ctx.flush();
            if (times > 500 && !ended.isDone()) {
              resetRapidly(times - 500);
            }
          });
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof Http2HeadersFrame frame) {
        answers.add(frame.headers());
      } else if (message instanceof io.netty.handler.codec.http2.Http2SettingsFrame) {
        settled.complete(null);
      } else if (message instanceof Http2GoAwayFrame goAway && goAway.errorCode() != 0) {
        ended.complete(null);
      }
      ReferenceCountUtil.release(message);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      ended.complete(null);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ended.complete(null);
    }
  }

  private static final class Ignore extends ChannelInboundHandlerAdapter {
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
