package io.weftmesh.proxy.tunnel;

import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.policy.model.InboundMode;
import io.weftmesh.policy.model.WithoutIdentity;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.identity.Identities;
import io.weftmesh.proxy.identity.WorkloadDirectory;
import io.weftmesh.proxy.identity.WorkloadEntry;
import io.weftmesh.proxy.identity.WorkloadState;
import io.weftmesh.proxy.routing.Destination.PodDestination;
import io.weftmesh.proxy.routing.InboundPolicy;
import io.weftmesh.proxy.routing.Security;
import io.weftmesh.proxy.routing.SnapshotHolder;
import io.weftmesh.proxy.tunnel.Unreachable.Reason;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The one place that decides how an endpoint is reached:
 *
 * <table>
 *   <caption>By what the endpoint is</caption>
 *   <tr><td>a captured pod of this node</td>
 *       <td>straight into it, its inbound policy applied here, no TLS</td></tr>
 *   <tr><td>captured elsewhere</td><td>a tunnel, and nothing else</td></tr>
 *   <tr><td>expected to be captured</td>
 *       <td>a tunnel; where nobody answers for it, plaintext if the target is PERMISSIVE</td></tr>
 *   <tr><td>outside the mesh</td><td>plain TCP from the client pod</td></tr>
 *   <tr><td>a pod that has gone, and another has its address or may have it</td>
 *       <td>nothing</td></tr>
 *   <tr><td>a pod, and the ca has not yet said whose</td><td>wait until it has</td></tr>
 * </table>
 *
 * <p>A client pod without a certificate is waited for; a captured pod is never sent plaintext
 * instead. The proxy's own ports are never connected to. Whatever fails, fails with {@link
 * Unreachable} before a byte of the application's was sent.
 *
 * <p>Thread-safe; never blocks.
 */
public final class Connector {
  /** How often a missing directory is looked for again. */
  private static final Duration DIRECTORY_CHECK = Duration.ofMillis(50);

  private final LocalPods localPods;
  private final InboundStreams inbound;
  private final TunnelPool tunnels;
  private final Identities identities;
  private final WorkloadDirectory directory;
  private final SnapshotHolder snapshots;
  private final TunnelSettings settings;

  public Connector(
      LocalPods localPods,
      InboundStreams inbound,
      TunnelPool tunnels,
      Identities identities,
      WorkloadDirectory directory,
      SnapshotHolder snapshots,
      TunnelSettings settings) {
    this.localPods = localPods;
    this.inbound = inbound;
    this.tunnels = tunnels;
    this.identities = identities;
    this.directory = directory;
    this.snapshots = snapshots;
    this.settings = settings;
  }

  /**
   * Connects to an endpoint in the name of a captured pod of this node.
   *
   * @return completes on {@code loop}; fails with {@link Unreachable}; cancelling gives the attempt
   *     up
   */
  public Future<Upstream> connect(LocalPod client, EventLoop loop, Endpoint endpoint) {
    Promise<Upstream> result = loop.newPromise();
    Attempt attempt = new Attempt(client, loop, endpoint, result);
    if (loop.inEventLoop()) {
      attempt.start();
    } else {
      loop.execute(attempt::start);
    }
    return result;
  }

  /** One connection on its way. Confined to its loop. */
  private final class Attempt {
    private final LocalPod client;
    private final EventLoop loop;
    private final Endpoint endpoint;
    private final InetSocketAddress address;
    private final Promise<Upstream> result;

    Attempt(LocalPod client, EventLoop loop, Endpoint endpoint, Promise<Upstream> result) {
      this.client = client;
      this.loop = loop;
      this.endpoint = endpoint;
      this.address = endpoint.address();
      this.result = result;
    }

    void start() {
      LocalPod local = localPods.byAddress(address.getAddress());
      if (local == null) {
        startElsewhere(settings.identityWait());
      } else if (isAnother(local.workload().uid())) {
        failGone(local.workload().uid());
      } else if (OwnPorts.contains(address.getPort())) {
        failOwnPort();
      } else {
        connectHere(local);
      }
    }

    private void connectHere(LocalPod target) {
      InetAddress source = PodAddresses.towards(client.workload(), address.getAddress());
      Caller caller =
          new Caller(client.identity(), new InetSocketAddress(source, 0), Security.SAME_NODE);
      take(
          inbound.dial(loop, target, caller, address),
          Security.SAME_NODE,
          target.identity(),
          cause -> fail(cause, "the pod is on this node"));
    }

    private void startElsewhere(Duration patience) {
      WorkloadEntry entry = directory.byAddress(address.getAddress());
      if (entry != null) {
        startTunnel(entry);
        return;
      }
      String resident = resident();
      if (resident != null && isAnother(resident)) {
        failGone(resident);
      } else if (hasEnded()) {
        failLost("has ended");
      } else if (isElsewhere()) {
        failLost("no longer has the address");
      } else if (directory.isKnown() || !isPod()) {
        connectPlain();
      } else if (patience.isPositive()) {
        loop.schedule(
            () -> {
              if (!result.isDone()) {
                startElsewhere(patience.minus(DIRECTORY_CHECK));
              }
            },
            DIRECTORY_CHECK.toMillis(),
            TimeUnit.MILLISECONDS);
      } else {
        fail(
            Reason.NO_IDENTITY,
            "the ca has not said since this proxy's start whether the pod is in the mesh; is the"
                + " ca running?");
      }
    }

    /**
     * The UID of the pod at the address, if a pod object names it. What endpoints name may be out
     * of date: it is they who are checked with it.
     */
    private @Nullable String resident() {
      return snapshots.get().destination(address.getAddress(), address.getPort())
                  instanceof PodDestination pod
              && pod.isFirstHand()
          ? pod.uid()
          : null;
    }

    /**
     * Whether the pod that is meant has ended, as the ca says: then the address is a stranger's,
     * also where no pod object and no entry of the directory tells whose.
     */
    private boolean hasEnded() {
      return endpoint.podUid() != null && directory.hasEnded(endpoint.podUid());
    }

    /**
     * Whether the pod that is meant is in the mesh at other addresses than this one. The ca takes
     * an address from a pod as soon as a newer one has it, which need not be in the mesh.
     */
    private boolean isElsewhere() {
      return endpoint.podUid() != null && directory.byPodUid(endpoint.podUid()) != null;
    }

    private boolean isPod() {
      return snapshots.get().destination(address.getAddress(), address.getPort())
          instanceof PodDestination;
    }

    private void startTunnel(WorkloadEntry entry) {
      if (isAnother(entry.podUid())) {
        failGone(entry.podUid());
      } else if (identities.current(client.identity()) != null) {
        tunnel(entry);
      } else if (entry.state() == WorkloadState.EXPECTED
          && mayPassWithoutIdentity()
          && mayBePlain(entry)) {
        connectPlain();
      } else {
        awaitIdentity(entry);
      }
    }

    /** Whether MeshSecurity says so of the client pod. */
    private boolean mayPassWithoutIdentity() {
      InboundPolicy own = snapshots.get().inbound(client.workload().uid());
      return own != null && own.security().withoutIdentity() == WithoutIdentity.PASSTHROUGH;
    }

    private boolean mayBePlain(WorkloadEntry entry) {
      return snapshots.get().modeTowards(entry.namespace(), address.getPort())
          == InboundMode.PERMISSIVE;
    }

    private void awaitIdentity(WorkloadEntry entry) {
      Promise<Void> ready = loop.newPromise();
      CompletableFuture<Void> certified = identities.ready(client.identity());
      certified.whenComplete((done, failure) -> {
        if (failure == null) {
          ready.trySuccess(null);
        } else {
          ready.tryFailure(failure);
        }
      });
      var timeout =
          loop.schedule(
              () -> ready.cancel(false), settings.identityWait().toMillis(), TimeUnit.MILLISECONDS);
      ready.addListener(done -> {
        timeout.cancel(false);
        certified.cancel(false);
        if (done.isSuccess()) {
          tunnel(entry);
        } else {
          fail(
              Reason.NO_IDENTITY,
              "no certificate for "
                  + client.identity()
                  + " within "
                  + settings.identityWait()
                  + "; is the ca running, and does it allow this node that identity?");
        }
      });
    }

    private void tunnel(WorkloadEntry entry) {
      take(
          tunnels.open(loop, client, entry.id(), address),
          Security.MTLS,
          entry.id(),
          cause -> {
            if (cause instanceof Unreachable unreachable
                && unreachable.isUnanswered()
                && entry.state() == WorkloadState.EXPECTED) {
              afterUnanswered(unreachable);
            } else {
              fail(cause, "the pod is in the mesh and is spoken to in mutual TLS only");
            }
          });
    }

    /** The directory is asked again: the pod may have been captured in the meantime. */
    private void afterUnanswered(Unreachable cause) {
      WorkloadEntry now = directory.byAddress(address.getAddress());
      if (now == null || now.state() != WorkloadState.EXPECTED || isAnother(now.podUid())) {
        fail(cause, "the pod has just been captured or has gone");
      } else if (mayBePlain(now)) {
        connectPlain();
      } else {
        result.tryFailure(
            new Unreachable(
                Reason.PLAINTEXT_FORBIDDEN,
                endpoint.address()
                    + " was not reached: its node has not yet captured the pod ("
                    + cause.getMessage()
                    + "), and MeshSecurity forbids plaintext to it",
                cause));
      }
    }

    private void connectPlain() {
      InetAddress to = address.getAddress();
      boolean own =
          to.isLoopbackAddress()
              || to.isAnyLocalAddress()
              || client.workload().addresses().contains(to);
      if (own && OwnPorts.contains(address.getPort())) {
        failOwnPort();
      } else {
        take(
            client.connect(loop, address, null),
            Security.PLAINTEXT,
            null,
            cause -> fail(cause, "plain TCP"));
      }
    }

    /** Makes what comes of {@code connecting} the result, or has its failure looked at. */
    private void take(
        Future<DuplexChannel> connecting,
        Security security,
        @Nullable SpiffeId peer,
        Consumer<Throwable> failed) {
      result.addListener(done -> {
        if (done.isCancelled()) {
          connecting.cancel(false);
        }
      });
      connecting.addListener(done -> {
        if (!done.isSuccess()) {
          failed.accept(done.cause());
          return;
        }
        DuplexChannel channel = connecting.getNow();
        String changed = security == Security.PLAINTEXT ? whyPlainNoLonger() : null;
        if (changed != null) {
          reset(channel);
          fail(Reason.GONE, changed);
        } else if (!result.trySuccess(new Upstream(channel, security, peer))) {
          reset(channel);
        }
      });
    }

    private static void reset(DuplexChannel channel) {
      channel.config().setOption(ChannelOption.SO_LINGER, 0);
      channel.close();
    }

    /**
     * Connecting may have taken long, and a first packet that was lost is sent again seconds later,
     * to whoever has the address by then. Not a byte has gone out yet.
     *
     * @return null if plaintext is as right as when connecting began
     */
    private @Nullable String whyPlainNoLonger() {
      WorkloadEntry now = directory.byAddress(address.getAddress());
      if (now != null && now.state() == WorkloadState.CAPTURED) {
        return "the pod has just been captured and is spoken to in mutual TLS only";
      }
      String resident = now == null ? resident() : now.podUid();
      if (resident != null && isAnother(resident)) {
        return "the address has just become pod " + resident + "'s";
      }
      return now == null && (hasEnded() || isElsewhere())
          ? "pod " + endpoint.podUid() + " has just ended or lost the address"
          : null;
    }

    private boolean isAnother(String uid) {
      return endpoint.podUid() != null && !endpoint.podUid().equals(uid);
    }

    private void failGone(String uid) {
      fail(
          Reason.GONE,
          "the address is now pod "
              + uid
              + "'s, expected pod "
              + endpoint.podUid()
              + "; the next list of endpoints will not have it");
    }

    private void failLost(String how) {
      fail(
          Reason.GONE,
          "pod "
              + endpoint.podUid()
              + " "
              + how
              + ", which may be another's by now; the next list of endpoints will not have it");
    }

    private void failOwnPort() {
      fail(
          Reason.REFUSED,
          "port " + address.getPort() + " is the proxy's own and is not for applications");
    }

    private void fail(Throwable cause, String tried) {
      if (cause instanceof Unreachable) {
        result.tryFailure(cause);
        return;
      }
      Reason reason =
          switch (cause) {
            case Refused refused ->
                refused.reason() == Refused.Reason.DENIED ? Reason.DENIED : Reason.REFUSED;
            case NoRouteToHostException noRoute -> Reason.TIMED_OUT;
            case ConnectTimeoutException timeout -> Reason.TIMED_OUT;
            case ConnectException refused -> Reason.REFUSED;
            default -> Reason.TIMED_OUT;
          };
      // Netty's own says "null" here.
      String why = cause instanceof NoRouteToHostException ? "no route to it" : cause.getMessage();
      result.tryFailure(
          new Unreachable(reason, address + " was not reached (" + tried + "): " + why, cause));
    }

    private void fail(Reason reason, String why) {
      result.tryFailure(new Unreachable(reason, address + " was not reached: " + why));
    }
  }
}
