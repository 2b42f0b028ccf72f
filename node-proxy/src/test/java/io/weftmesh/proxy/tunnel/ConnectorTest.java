package io.weftmesh.proxy.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.policy.model.InboundMode;
import io.weftmesh.policy.model.InboundSecurity;
import io.weftmesh.policy.model.SecurityRule;
import io.weftmesh.policy.model.SecurityRules;
import io.weftmesh.policy.model.WithoutIdentity;
import io.weftmesh.policy.model.WorkloadAccess;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.identity.DirectoryFixture;
import io.weftmesh.proxy.identity.WorkloadState;
import io.weftmesh.proxy.routing.Destination.PodDestination;
import io.weftmesh.proxy.routing.InboundPolicy;
import io.weftmesh.proxy.routing.Security;
import io.weftmesh.proxy.routing.Snapshot;
import io.weftmesh.proxy.routing.SnapshotHolder;
import io.weftmesh.proxy.routing.Workload;
import io.weftmesh.proxy.tunnel.Unreachable.Reason;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ConnectorTest {
  private static final InetAddress TARGET = InetAddress.ofLiteral("127.0.0.2");
  private static final InetSocketAddress APPLICATION = new InetSocketAddress(TARGET, 8080);

  private final TestMesh mesh = new TestMesh();
  private final EventLoop loop = mesh.loops.next();
  private final Map<InetAddress, LocalPod> localPods = new HashMap<>();
  private DirectoryFixture directory = new DirectoryFixture();
  private final SnapshotHolder snapshots = new SnapshotHolder();
  private TestMesh.TestPod client;
  private TestMesh.TestPod target;

  @BeforeEach
  void start() throws Exception {
    client = mesh.new TestPod("client", TestMesh.LOOPBACK);
    mesh.identity.require(client.identity());
    target = mesh.new TestPod("target", TARGET);
    mesh.identity.require(target.identity());
    localPods.put(TestMesh.LOOPBACK, client);
    mesh.place(APPLICATION, mesh.serve(new Ignore()));
    mesh.inbound.dial = (its, pod, caller, to) -> mesh.dial(its, to);
    directory.known();
  }

  @AfterEach
  void stop() {
    mesh.close();
  }

  // ---- this node

  @Test
  void goesStraightIntoAPodOfThisNode() throws Exception {
    localPods.put(TARGET, target);
    directory.put(target.workload(), target.identity(), WorkloadState.CAPTURED);
    Upstream upstream = connect(Endpoint.of(APPLICATION)).get(10, TimeUnit.SECONDS);
    assertThat(upstream.security()).isEqualTo(Security.SAME_NODE);
    assertThat(upstream.peer()).isEqualTo(target.identity());
    assertThat(upstream.channel().config().isAutoRead()).isFalse();
    assertThat(mesh.inbound.callers)
        .containsExactly(
            new Caller(
                client.identity(),
                new InetSocketAddress(TestMesh.LOOPBACK, 0),
                Security.SAME_NODE));
    assertThat(mesh.metric("weft_tunnels_opened_total{side=\"client\",}")).isZero();
  }

  @Test
  void letsAPodCallItself() throws Exception {
    InetSocketAddress own = new InetSocketAddress(TestMesh.LOOPBACK, 8081);
    mesh.place(own, mesh.serve(new Ignore()));
    Upstream upstream = connect(Endpoint.of(own)).get(10, TimeUnit.SECONDS);
    assertThat(upstream.security()).isEqualTo(Security.SAME_NODE);
    assertThat(mesh.inbound.callers.getFirst().address().getAddress()).isEqualTo(TestMesh.LOOPBACK);
  }

  @Test
  void takesNoOtherPodThatHasTheAddressNow() throws Exception {
    localPods.put(TARGET, target);
    Endpoint before = new Endpoint(APPLICATION, "uid-of-before", null, null);
    assertThat(failure(connect(before)).reason()).isEqualTo(Reason.GONE);
    localPods.clear();
    directory.put(target.workload(), target.identity(), WorkloadState.CAPTURED);
    assertThat(failure(connect(before)).reason()).isEqualTo(Reason.GONE);
    assertThat(mesh.inbound.callers).isEmpty();
  }

  @Test
  void takesNoPodOutsideTheMeshForTheOneThatHadItsAddress() throws Exception {
    Endpoint before = new Endpoint(APPLICATION, "uid-of-before", null, null);
    pod(new PodDestination(TARGET, "shop", "next", "uid-next"));
    assertThat(failure(connect(before)).reason()).isEqualTo(Reason.GONE);
    Endpoint next = new Endpoint(APPLICATION, "uid-next", null, null);
    assertThat(connect(next).get(10, TimeUnit.SECONDS).security()).isEqualTo(Security.PLAINTEXT);
    // Known from some Service's endpoints alone, which may be out of date themselves.
    pod(new PodDestination(TARGET, "shop", "", "uid-of-before"));
    assertThat(connect(next).get(10, TimeUnit.SECONDS).security()).isEqualTo(Security.PLAINTEXT);
  }

  @Test
  void passesOnThatPolicyForbids() throws Exception {
    localPods.put(TARGET, target);
    mesh.inbound.dial =
        (its, pod, caller, to) ->
            its.newFailedFuture(new Refused(Refused.Reason.DENIED, "AccessPolicy shop/only-me"));
    Unreachable failure = failure(connect(Endpoint.of(APPLICATION)));
    assertThat(failure.reason()).isEqualTo(Reason.DENIED);
    assertThat(failure).hasMessageContaining("AccessPolicy shop/only-me");
  }

  @ParameterizedTest
  @ValueSource(ints = {15001, 15006, 15008, 15020, 15021})
  void neverCallsTheProxyItself(int port) throws Exception {
    localPods.put(TARGET, target);
    for (String address : new String[] {"127.0.0.1", "127.0.0.2", "127.0.0.9", "0.0.0.0"}) {
      Endpoint endpoint = Endpoint.of(new InetSocketAddress(InetAddress.ofLiteral(address), port));
      assertThat(failure(connect(endpoint)).reason()).isEqualTo(Reason.REFUSED);
    }
    assertThat(mesh.wires).isEmpty();
    assertThat(mesh.inbound.callers).isEmpty();
  }

  // ---- elsewhere

  @ParameterizedTest
  @EnumSource(names = {"CAPTURED", "EXPECTED"})
  void opensATunnelToAPodOfTheMesh(WorkloadState state) throws Exception {
    mesh.listen(mesh.server(TunnelSettings.DEFAULT), target);
    directory.put(target.workload(), target.identity(), state);
    Upstream upstream = connect(Endpoint.of(APPLICATION)).get(10, TimeUnit.SECONDS);
    assertThat(upstream.security()).isEqualTo(Security.MTLS);
    assertThat(upstream.peer()).isEqualTo(target.identity());
    assertThat(mesh.inbound.next().caller().identity()).isEqualTo(client.identity());
  }

  @Test
  void neverSendsPlaintextToACapturedPod() throws Exception {
    directory.put(target.workload(), target.identity(), WorkloadState.CAPTURED);
    assertThat(failure(connect(Endpoint.of(APPLICATION))).reason()).isEqualTo(Reason.REFUSED);
    assertThat(mesh.wires).isEmpty();
  }

  @Test
  void sendsPlaintextToAnExpectedPodThatNobodyAnswersFor() throws Exception {
    directory.put(target.workload(), target.identity(), WorkloadState.EXPECTED);
    Upstream upstream = connect(Endpoint.of(APPLICATION)).get(10, TimeUnit.SECONDS);
    assertThat(upstream.security()).isEqualTo(Security.PLAINTEXT);
    assertThat(upstream.peer()).isNull();
  }

  @Test
  void sendsNoPlaintextWhereTheTargetIsStrict() throws Exception {
    snapshots.publish(new Snapshot.Builder(1).security(strict()).build());
    directory.put(target.workload(), target.identity(), WorkloadState.EXPECTED);
    Unreachable failure = failure(connect(Endpoint.of(APPLICATION)));
    assertThat(failure.reason()).isEqualTo(Reason.PLAINTEXT_FORBIDDEN);
    assertThat(failure).hasMessageContaining("MeshSecurity forbids plaintext");
    assertThat(mesh.wires).isEmpty();
  }

  @Test
  void sendsNoPlaintextWhereSomebodyElseAnswers() throws Exception {
    mesh.listen(mesh.server(TunnelSettings.DEFAULT), target);
    SpiffeId expected = SpiffeId.workload(TestMesh.TRUST_DOMAIN, "shop", "somebody-else");
    directory.put(target.workload(), expected, WorkloadState.EXPECTED);
    assertThat(failure(connect(Endpoint.of(APPLICATION))).reason()).isEqualTo(Reason.TLS);
    assertThat(mesh.inbound.callers).isEmpty();
  }

  @Test
  void sendsNoPlaintextWhereTheProxyHasAnsweredThatTheApplicationIsDown() throws Exception {
    mesh.listen(mesh.server(TunnelSettings.DEFAULT), target);
    mesh.inbound.dial =
        (its, pod, caller, to) ->
            its.newFailedFuture(new Refused(Refused.Reason.UNREACHABLE, "connection refused"));
    directory.put(target.workload(), target.identity(), WorkloadState.EXPECTED);
    Unreachable failure = failure(connect(Endpoint.of(APPLICATION)));
    assertThat(failure.reason()).isEqualTo(Reason.REFUSED);
    assertThat(failure).hasMessageContaining("503").hasMessageContaining("connection refused");
  }

  @Test
  void connectsPlainlyToTheOutside() throws Exception {
    Upstream upstream = connect(Endpoint.of(APPLICATION)).get(10, TimeUnit.SECONDS);
    assertThat(upstream.security()).isEqualTo(Security.PLAINTEXT);
    assertThat(client.lastSource).isNull();
  }

  @Test
  void takesNoStrangerForAPodOfAnotherNodeThatHasEnded() throws Exception {
    Endpoint stale = new Endpoint(APPLICATION, target.workload().uid(), null, null);
    pod(new PodDestination(TARGET, "shop", "", target.workload().uid()));
    directory.put(target.workload(), target.identity(), WorkloadState.CAPTURED);
    directory.end(target.workload());
    Unreachable failure = failure(connect(stale));
    assertThat(failure.reason()).isEqualTo(Reason.GONE);
    assertThat(failure).hasMessageContaining(target.workload().uid()).hasMessageContaining("8080");
    assertThat(mesh.wires).isEmpty();

    Endpoint next = new Endpoint(APPLICATION, "uid-next", null, null);
    assertThat(connect(next).get(10, TimeUnit.SECONDS).security()).isEqualTo(Security.PLAINTEXT);
    directory.put(target.workload(), target.identity(), WorkloadState.EXPECTED);
    assertThat(connect(stale).get(10, TimeUnit.SECONDS).security()).isEqualTo(Security.PLAINTEXT);
  }

  @Test
  void takesNoStrangerForAPodThatEndsWhileItIsConnectedTo() throws Exception {
    directory.put(target.workload(), target.identity(), WorkloadState.EXPECTED);
    var late = loop.<DuplexChannel>newPromise();
    var dialled = loop.<Void>newPromise();
    client.dials.put(
        APPLICATION,
        () -> {
          dialled.setSuccess(null);
          return late;
        });
    Endpoint ending = new Endpoint(APPLICATION, target.workload().uid(), null, null);
    Future<Upstream> upstream = connect(ending);
    assertThat(dialled.await(10, TimeUnit.SECONDS)).isTrue();
    directory.end(target.workload());
    DuplexChannel channel = mesh.dial(loop, APPLICATION).get(10, TimeUnit.SECONDS);
    late.setSuccess(channel);

    assertThat(failure(upstream).reason()).isEqualTo(Reason.GONE);
    assertThat(channel.closeFuture().await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void takesNoStrangerForAPodThatHasLostItsAddress() throws Exception {
    Workload pod = target.workload();
    Workload elsewhere =
        new Workload(
            pod.uid(),
            pod.namespace(),
            pod.name(),
            pod.workload(),
            pod.serviceAccount(),
            pod.node(),
            List.of(InetAddress.ofLiteral("127.0.0.3")),
            pod.labels(),
            pod.exclusions(),
            pod.probes());
    directory.put(elsewhere, target.identity(), WorkloadState.CAPTURED);
    Unreachable failure = failure(connect(new Endpoint(APPLICATION, pod.uid(), null, null)));
    assertThat(failure.reason()).isEqualTo(Reason.GONE);
    assertThat(failure).hasMessageContaining(pod.uid());
    assertThat(mesh.wires).isEmpty();
  }

  @Test
  void connectsPlainlyToAPodThatHasLeftTheMesh() throws Exception {
    directory.put(target.workload(), target.identity(), WorkloadState.CAPTURED);
    directory.withdraw(target.workload());
    Endpoint left = new Endpoint(APPLICATION, target.workload().uid(), null, null);
    assertThat(connect(left).get(10, TimeUnit.SECONDS).security()).isEqualTo(Security.PLAINTEXT);
  }

  // ---- not known yet

  @Test
  void waitsForTheDirectoryBeforeItConnectsToAPod() throws Exception {
    directory = new DirectoryFixture();
    pod(new PodDestination(TARGET, "shop", "target", "uid-target"));
    mesh.listen(mesh.server(TunnelSettings.DEFAULT), target);
    Future<Upstream> upstream = connect(Endpoint.of(APPLICATION));
    assertThat(upstream.await(200)).isFalse();
    directory.put(target.workload(), target.identity(), WorkloadState.CAPTURED);
    directory.known();
    assertThat(upstream.get(10, TimeUnit.SECONDS).security()).isEqualTo(Security.MTLS);
  }

  @Test
  void waitsForNoDirectoryToGetOutside() throws Exception {
    directory = new DirectoryFixture();
    assertThat(connect(Endpoint.of(APPLICATION)).get(10, TimeUnit.SECONDS).security())
        .isEqualTo(Security.PLAINTEXT);
  }

  @Test
  void waitsForTheClientsCertificate() throws Exception {
    mesh.listen(mesh.server(TunnelSettings.DEFAULT), target);
    directory.put(target.workload(), target.identity(), WorkloadState.CAPTURED);
    client = mesh.new TestPod("late", TestMesh.LOOPBACK);
    mesh.identity.hold(client.identity());
    mesh.identity.identities.require(client.identity());
    Future<Upstream> upstream = connect(Endpoint.of(APPLICATION));
    assertThat(upstream.await(200)).isFalse();
    mesh.identity.letGo(client.identity());
    assertThat(upstream.get(10, TimeUnit.SECONDS).security()).isEqualTo(Security.MTLS);
  }

  @Test
  void failsWithoutACertificateRatherThanSendPlaintext() throws Exception {
    directory.put(target.workload(), target.identity(), WorkloadState.EXPECTED);
    client = mesh.new TestPod("never", TestMesh.LOOPBACK);
    mesh.identity.hold(client.identity());
    mesh.identity.identities.require(client.identity());
    Unreachable failure = failure(connect(Endpoint.of(APPLICATION)));
    assertThat(failure.reason()).isEqualTo(Reason.NO_IDENTITY);
    assertThat(failure).hasMessageContaining(client.identity().toString());
    assertThat(mesh.wires).isEmpty();
  }

  @Test
  void passesWithoutIdentityOnlyWhereBothSidesAllowIt() throws Exception {
    client = mesh.new TestPod("never", TestMesh.LOOPBACK);
    mesh.identity.hold(client.identity());
    mesh.identity.identities.require(client.identity());
    InboundPolicy passthrough =
        new InboundPolicy(
            new InboundSecurity(InboundMode.PERMISSIVE, Map.of(), WithoutIdentity.PASSTHROUGH),
            WorkloadAccess.OPEN,
            List.of());
    snapshots.publish(new Snapshot.Builder(1).localPod(client.workload(), passthrough).build());
    directory.put(target.workload(), target.identity(), WorkloadState.EXPECTED);
    assertThat(connect(Endpoint.of(APPLICATION)).get(10, TimeUnit.SECONDS).security())
        .isEqualTo(Security.PLAINTEXT);
    snapshots.publish(
        new Snapshot.Builder(2)
            .localPod(client.workload(), passthrough)
            .security(strict())
            .build());
    assertThat(failure(connect(Endpoint.of(APPLICATION))).reason()).isEqualTo(Reason.NO_IDENTITY);
  }

  // ---- given up

  @Test
  void closesWhatComesAfterTheCallerHasGivenUp() throws Exception {
    localPods.put(TARGET, target);
    var late = loop.<DuplexChannel>newPromise();
    assertThat(late.setUncancellable()).isTrue();
    mesh.inbound.dial = (its, pod, caller, to) -> late;
    Future<Upstream> upstream = connect(Endpoint.of(APPLICATION));
    loop.submit(() -> upstream.cancel(false)).get(10, TimeUnit.SECONDS);
    DuplexChannel channel = mesh.dial(loop, APPLICATION).get(10, TimeUnit.SECONDS);
    late.setSuccess(channel);
    assertThat(channel.closeFuture().await(10, TimeUnit.SECONDS)).isTrue();
  }

  private void pod(PodDestination pod) {
    snapshots.publish(new Snapshot.Builder(1).pod(pod).build());
  }

  private Future<Upstream> connect(Endpoint endpoint) {
    TunnelSettings settings = settings();
    Connector connector =
        new Connector(
            localPods::get,
            mesh.inbound,
            mesh.pool(settings),
            mesh.identity.identities,
            directory.directory(),
            snapshots,
            settings);
    return connector.connect(client, loop, endpoint);
  }

  private static SecurityRules strict() {
    return new SecurityRules(
        List.of(
            new SecurityRule(
                Map.of(), Optional.of(InboundMode.STRICT), Map.of(), Optional.empty())),
        Map.of());
  }

  private static Unreachable failure(Future<Upstream> upstream) throws Exception {
    assertThat(upstream.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(upstream.cause()).isInstanceOf(Unreachable.class);
    return (Unreachable) upstream.cause();
  }

  private static TunnelSettings settings() {
    TunnelSettings d = TunnelSettings.DEFAULT;
    return new TunnelSettings(
        d.connectTimeout(),
        d.handshakeTimeout(),
        d.acceptedHandshakeTimeout(),
        Duration.ofSeconds(1),
        d.pingInterval(),
        d.pingTimeout(),
        d.idleTimeout(),
        d.maxStreams(),
        d.maxTunnels(),
        d.maxWaiting(),
        d.maxAccepted(),
        d.maxHandshakes());
  }

  private static final class Ignore extends ChannelInboundHandlerAdapter {
    @Override
    public boolean isSharable() {
      return true;
    }
  }
}
