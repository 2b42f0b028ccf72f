package io.weftmesh.proxy.capture;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.policy.model.AccessRule;
import io.weftmesh.policy.model.AccessRules;
import io.weftmesh.policy.model.InboundSecurity;
import io.weftmesh.policy.model.PathMatch;
import io.weftmesh.policy.model.RequestCondition;
import io.weftmesh.proxy.balance.Balancers;
import io.weftmesh.proxy.balance.ServiceControls;
import io.weftmesh.proxy.http.HttpMetrics;
import io.weftmesh.proxy.http.HttpProxy;
import io.weftmesh.proxy.http.HttpSettings;
import io.weftmesh.proxy.routing.Exclusions;
import io.weftmesh.proxy.routing.InboundPolicy;
import io.weftmesh.proxy.routing.Probe;
import io.weftmesh.proxy.routing.Security;
import io.weftmesh.proxy.routing.Snapshot;
import io.weftmesh.proxy.routing.SnapshotHolder;
import io.weftmesh.proxy.routing.Workload;
import io.weftmesh.proxy.telemetry.Metrics;
import io.weftmesh.proxy.tunnel.Caller;
import io.weftmesh.proxy.tunnel.LocalPod;
import io.weftmesh.proxy.tunnel.LocalStream;
import io.weftmesh.proxy.tunnel.Refused;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Connections to a pod whose rules the test changes, with the test at both ends. */
@Timeout(30)
@SuppressWarnings("StringConcatToTextBlock") // lines on the wire end in CR LF
class ArrivalsTest {
  private static final InetSocketAddress DESTINATION = address("10.1.0.1", 8080);
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  private static final List<AccessRule.From> WEB =
      List.of(new AccessRule.From.Namespace("shop", Optional.of("web")));
  private static final List<AccessRule.From> NOBODY =
      List.of(new AccessRule.From.Namespace("nobody", Optional.empty()));

  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final EventLoop loop = loops.next();
  private final SnapshotHolder snapshots = new SnapshotHolder();
  private final Metrics metrics = new Metrics();
  private final Admissions admissions = new Admissions(snapshots, metrics);
  private final Arrivals arrivals =
      new Arrivals(
          admissions,
          new HttpProxy(
              HttpSettings.DEFAULT,
              snapshots,
              new Balancers<>(System::nanoTime, new Random(1)),
              new ServiceControls<>(System::nanoTime),
              new HttpMetrics(metrics),
              new Random(2)),
          new TcpMetrics(metrics));
  private final PodStreams streams = new PodStreams(admissions, arrivals);
  private final TestPod pod = new TestPod();
  private long version;

  /** How a caller gets here. */
  enum Way {
    TUNNEL(Security.MTLS),
    WITHIN(Security.SAME_NODE),
    PLAIN(Security.PLAINTEXT);

    private final Security security;

    Way(Security security) {
      this.security = security;
    }
  }

  @BeforeEach
  void begin() {
    rules();
  }

  @AfterEach
  void stop() {
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @ParameterizedTest
  @EnumSource
  void bytesReachTheApplicationAndComeBack(Way way) throws Exception {
    End client = open(way, "web");
    End application = pod.accepted();
    client.sends("hello");
    application.awaits("hello");
    application.sends("yes");
    client.awaits("yes");
  }

  @ParameterizedTest
  @EnumSource(names = {"TUNNEL", "WITHIN"})
  void whoIsDeniedIsRefusedBeforeTheApplicationHearsOfIt(Way way) throws Exception {
    rules(allow(WEB));

    Future<DuplexChannel> dialled = dial(way, "other").await();

    assertThat(dialled.cause())
        .isInstanceOfSatisfying(
            Refused.class, refused -> assertThat(refused.reason()).isEqualTo(Refused.Reason.DENIED))
        .hasMessageContaining("shop/other");
    assertThat(pod.applications).isEmpty();
    assertThat(denied("enforced", "connection", "shop/other")).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource
  void whatIsOpenIsResetWhenTheRulesTurnAgainstItAndNothingElse(Way way) throws Exception {
    End other = open(way, "other");
    End otherApplication = pod.accepted();
    End web = open(Way.TUNNEL, "web");
    End webApplication = pod.accepted();

    rules(allow(WEB));

    other.awaitReset();
    otherApplication.awaitReset();
    web.sends("still here");
    webApplication.awaits("still here");
    String source = way == Way.PLAIN ? "" : "shop/other";
    assertThat(denied("enforced", "open_connection", source)).isEqualTo(1);
  }

  @Test
  void rulesThatAreTheSameAreNotAskedAgain() throws Exception {
    rules(dryRun(allow(NOBODY)));
    End client = open(Way.TUNNEL, "web");
    End application = pod.accepted();
    rules(dryRun(allow(NOBODY)));
    client.sends("x");
    application.awaits("x");

    assertThat(denied("dry_run", "connection", "shop/web")).isEqualTo(1);
    assertThat(denied("dry_run", "open_connection", "shop/web")).isZero();
  }

  @ParameterizedTest
  @EnumSource
  void aDryRunIsCountedAndChangesNothing(Way way) throws Exception {
    End before = open(way, "web");
    End beforeApplication = pod.accepted();
    rules(dryRun(allow(NOBODY)));
    End after = open(way, "web");
    End afterApplication = pod.accepted();
    before.sends("1");
    after.sends("2");
    beforeApplication.awaits("1");
    afterApplication.awaits("2");

    String source = way == Way.PLAIN ? "" : "shop/web";
    assertThat(denied("dry_run", "connection", source)).isEqualTo(1);
    assertThat(denied("dry_run", "open_connection", source)).isEqualTo(1);
    assertThat(denied("enforced", "", "")).isZero();
  }

  @ParameterizedTest
  @EnumSource
  void requestsAreDecidedOneByOneOnTheConnectionThatWasMade(Way way) throws Exception {
    rules(allowPath("/open"));
    End client = open(way, "web");
    End application = pod.accepted();
    client.sends(get("/open") + get("/shut"));
    application.awaits(get("/open"));
    application.sends(OK);
    client.awaits(OK + "HTTP/1.1 403 Forbidden\r\nx-weft-error: denied\r\n");
    client.sends(get("/open/door"));
    application.awaits(get("/open") + get("/open/door"));

    assertThat(pod.applications).isEmpty();
    String source = way == Way.PLAIN ? "" : "shop/web";
    assertThat(denied("enforced", "request", source)).isEqualTo(1);
    client.closes();
    application.awaitEnd();
  }

  @ParameterizedTest
  @EnumSource
  void whatIsNoHttpIsDeniedWhereRequestsDecide(Way way) throws Exception {
    rules(allowPath("/open"));
    End client = open(way, "web");
    End application = pod.accepted();
    client.sends("EHLO there\r\n");

    client.awaitReset();
    application.awaitEnd();
    assertThat(application.got()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void aConnectionThatLeavesBeforeItSaysAnythingLeavesNothingBehind(Way way) throws Exception {
    rules(allowPath("/open"));
    End client = open(way, "web");
    End application = pod.accepted();
    client.closes();
    application.awaitEnd();
  }

  @ParameterizedTest
  @EnumSource
  void bytesThatFlowAlreadyAreCutWhenOnlyRequestsAreAllowed(Way way) throws Exception {
    End client = open(way, "web");
    End application = pod.accepted();
    client.sends(get("/open"));
    application.awaits(get("/open"));

    rules(allowPath("/open"));

    client.awaitReset();
  }

  @ParameterizedTest
  @EnumSource
  void whatHasLeftHttpIsCutWhenTheRequestThatLedThereIsNotAllowedAnyMore(Way way) throws Exception {
    rules(allowPath("/chat"));
    End client = open(way, "web");
    End application = pod.accepted();
    String upgrade =
        "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    String switched =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    client.sends(upgrade);
    application.awaits(upgrade);
    application.sends(switched + "hello");
    client.awaits(switched + "hello");

    rules(allowPath("/chat"), allowPath("/more"));
    client.sends("still here");
    application.awaits(upgrade + "still here");

    rules(allowPath("/more"));
    client.awaitReset();
    application.awaitReset();
  }

  @Test
  void whatHasLeftHttpForAnythingIsCutWhenOnlyRequestsAreAllowed() throws Exception {
    rules(dryRun(allowPath("/x")));
    End client = open(Way.TUNNEL, "web");
    End application = pod.accepted();
    client.sends("GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: spdy/3.1\r\nConnection: Upgrade\r\n\r\n");
    application.awaits("GET /x");
    application.sends("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n");
    client.awaits("HTTP/1.1 101");

    rules(allowPath("/x"));
    client.awaitReset();
  }

  @Test
  void aCallerThatNoRuleOfRequestsIsAboutIsNotLookedAt() throws Exception {
    AccessRule forOthers =
        new AccessRule("deny", false, false, Map.of(), NOBODY, Set.of(), path("/admin"));
    rules(forOthers);
    End client = open(Way.TUNNEL, "web");
    End application = pod.accepted();
    client.sends("EHLO there\r\n");

    application.awaits("EHLO there\r\n");
  }

  @Test
  void whereRequestsAreOnlyCountedAServerMaySpeakFirst() throws Exception {
    rules(dryRun(allowPath("/open")));
    End client = open(Way.TUNNEL, "web");
    pod.accepted().sends("220 ready\r\n");

    client.awaits("220 ready\r\n");
  }

  @Test
  void aProbeIsServedAndNothingBesideIt() throws Exception {
    rules(allow(WEB));
    End client = openProbe();
    End application = pod.accepted();
    client.sends(get("/healthz") + get("/"));
    application.awaits(get("/healthz"));
    application.sends(OK);
    client.awaits(OK + "HTTP/1.1 403 Forbidden\r\n");

    End bytes = openProbe();
    pod.accepted();
    bytes.sends("EHLO there\r\n");
    bytes.awaitReset();
  }

  // --- rules ---

  private void rules(AccessRule... rules) {
    AccessRules access = new AccessRules(List.of(rules), Map.of());
    snapshots.publish(
        new Snapshot.Builder(++version)
            .localPod(
                pod.workload(),
                new InboundPolicy(
                    InboundSecurity.DEFAULT, access.of("shop", Map.of()), pod.workload().probes()))
            .build());
  }

  private static AccessRule allow(List<AccessRule.From> from) {
    return new AccessRule("allow", true, false, Map.of(), from, Set.of(), List.of());
  }

  private static AccessRule allowPath(String path) {
    return new AccessRule("allow", true, false, Map.of(), List.of(), Set.of(), path(path));
  }

  private static AccessRule dryRun(AccessRule rule) {
    return new AccessRule(
        rule.name(), rule.allow(), true, rule.selector(), rule.from(), rule.ports(), rule.http());
  }

  private static List<RequestCondition> path(String path) {
    return List.of(
        new RequestCondition(Set.of(), Optional.of(new PathMatch.Prefix(path)), List.of()));
  }

  // --- connections ---

  /** A connection that was admitted, from the caller's side. */
  private End open(Way way, String account) throws Exception {
    if (way == Way.PLAIN) {
      return on(() -> {
        LocalStream client = LocalStream.open(loop, address("10.1.0.9", 0), DESTINATION);
        Caller caller = caller(way, account);
        arrivals.carry(pod, caller, false, client.peer(), pod.application(), DESTINATION);
        return new End(client);
      });
    }
    DuplexChannel given = dial(way, account).get(10, TimeUnit.SECONDS);
    return on(() -> {
      if (way == Way.WITHIN) {
        return new End(given);
      }
      LocalStream client = LocalStream.open(loop, address("10.1.0.9", 0), DESTINATION);
      streams.relay(client.peer(), given, pod, caller(way, account), DESTINATION);
      return new End(client);
    });
  }

  private End openProbe() throws Exception {
    return on(() -> {
      LocalStream client = LocalStream.open(loop, address("10.1.0.2", 0), DESTINATION);
      arrivals.carryProbe(
          pod, caller(Way.PLAIN, ""), client.peer(), pod.application(), DESTINATION);
      return new End(client);
    });
  }

  private Future<DuplexChannel> dial(Way way, String account) throws Exception {
    return on(() -> streams.dial(loop, pod, caller(way, account), DESTINATION));
  }

  private static Caller caller(Way way, String account) {
    SpiffeId identity =
        way == Way.PLAIN ? null : SpiffeId.workload("cluster.local", "shop", account);
    return new Caller(identity, address("10.1.0.9", 0), way.security);
  }

  private <T> T on(java.util.concurrent.Callable<T> action) throws Exception {
    return loop.submit(action).get(10, TimeUnit.SECONDS);
  }

  private double denied(String mode, String asked, String source) throws IOException {
    var text = new StringWriter();
    metrics.writeText(text);
    String[] labels = {
      "mode=\"" + mode + "\"",
      asked.isEmpty() ? "" : "asked=\"" + asked + "\"",
      "source_workload=\"" + source
    };
    return text.toString()
        .lines()
        .filter(line -> line.startsWith("weft_access_denied_total{"))
        .filter(line -> Arrays.stream(labels).allMatch(line::contains))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  private static String get(String path) {
    return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
  }

  private static InetSocketAddress address(String ip, int port) {
    return new InetSocketAddress(InetAddress.ofLiteral(ip), port);
  }

  /** One end of a connection, which the test plays. */
  private static final class End extends ChannelInboundHandlerAdapter {
    private final DuplexChannel channel;
    private final ByteArrayOutputStream got = new ByteArrayOutputStream();
    private volatile boolean reset;

    /** To be called on the loop. */
    End(DuplexChannel channel) {
      this.channel = channel;
      channel.pipeline().addLast(this);
      channel.config().setAutoRead(true);
    }

    void sends(String text) {
      channel.writeAndFlush(Unpooled.copiedBuffer(text, ISO_8859_1));
    }

    void closes() {
      channel.close();
    }

    String got() {
      return got.toString(ISO_8859_1);
    }

    void awaits(String beginning) {
      await().untilAsserted(() -> assertThat(got()).startsWith(beginning));
    }

    void awaitReset() {
      await().untilAsserted(() -> assertThat(reset).isTrue());
    }

    void awaitEnd() {
      await().untilAsserted(() -> assertThat(channel.isInputShutdown()).isTrue());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      got.writeBytes(ByteBufUtil.getBytes(bytes));
      bytes.release();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      reset = true;
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      // What a caller on this node is given may be the very channel that is reset.
      reset = true;
    }
  }

  private final class TestPod implements LocalPod {
    private final BlockingQueue<End> applications = new LinkedBlockingQueue<>();
    private final Workload workload =
        new Workload(
            "uid-1",
            "shop",
            "echo-1",
            "echo",
            "echo",
            "node-1",
            List.of(DESTINATION.getAddress()),
            Map.of(),
            Exclusions.NONE,
            List.of(new Probe.HttpGet(8080, "/healthz", false)));

    @Override
    public Workload workload() {
      return workload;
    }

    @Override
    public SpiffeId identity() {
      return SpiffeId.workload("cluster.local", "shop", "echo");
    }

    @Override
    public boolean isLeaving() {
      return false;
    }

    @Override
    public Future<DuplexChannel> connect(
        EventLoop on, InetSocketAddress remote, @Nullable InetAddress source) {
      return on.newSucceededFuture(application());
    }

    LocalStream application() {
      LocalStream near = LocalStream.open(loop, address("10.1.0.9", 0), DESTINATION);
      applications.add(new End(near.peer()));
      return near;
    }

    End accepted() throws InterruptedException {
      End application = applications.poll(10, TimeUnit.SECONDS);
      assertThat(application).as("a connection to the application").isNotNull();
      return application;
    }
  }
}
