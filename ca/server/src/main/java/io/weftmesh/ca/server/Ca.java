package io.weftmesh.ca.server;

import io.prometheus.client.CollectorRegistry;
import io.weftmesh.ca.api.TrustBundle;
import io.weftmesh.ca.server.admin.AdminServer;
import io.weftmesh.ca.server.control.ControlSocket;
import io.weftmesh.ca.server.directory.Directory;
import io.weftmesh.ca.server.node.JwksTokenVerifier;
import io.weftmesh.ca.server.node.NodeAuthorizer;
import io.weftmesh.ca.server.node.RateLimit;
import io.weftmesh.ca.server.pods.ManifestPods;
import io.weftmesh.ca.server.pods.Pods;
import io.weftmesh.ca.server.rotation.AuthoritySource;
import io.weftmesh.ca.server.rotation.LeafLedger;
import io.weftmesh.ca.server.rotation.RotatingAuthority;
import io.weftmesh.ca.server.rotation.TrustFile;
import io.weftmesh.ca.server.rotation.TrustState;
import io.weftmesh.ca.server.rpc.GrpcServer;
import io.weftmesh.ca.server.signing.BroughtAuthority;
import io.weftmesh.ca.server.signing.ServingIdentity;
import io.weftmesh.ca.server.store.Journal;
import io.weftmesh.ca.server.telemetry.DirectoryMetrics;
import io.weftmesh.ca.server.telemetry.SigningMetrics;
import io.weftmesh.ca.server.telemetry.TrustMetrics;
import java.io.Closeable;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One running ca: makes the parts and joins them. */
final class Ca implements Closeable {
  private static final Logger log = LoggerFactory.getLogger(Ca.class);

  /** Far less than half the life of any certificate. */
  private static final Duration UPKEEP_PERIOD = Duration.ofSeconds(5);

  private final Settings settings;
  private final InstantSource clock;
  private final CollectorRegistry registry = new CollectorRegistry();
  private final TrustMetrics trustMetrics = new TrustMetrics(registry);
  private final Deque<Closeable> parts = new ArrayDeque<>();
  private final RotatingAuthority authority;
  private final Directory directory;
  private final GrpcServer grpc;
  private final ServingCertificate serving;
  private final BundleFile bundleFile;
  private final AdminServer admin;
  private volatile @Nullable String notListening = "no complete list of pods yet";

  private Ca(Settings settings, InstantSource clock, LongSupplier ticker)
      throws IOException, GeneralSecurityException {
    this.settings = settings;
    this.clock = clock;
    try {
      ScheduledExecutorService manifests = thread("manifests");
      ScheduledExecutorService timer = thread("timer");
      Journal captured = part(Journal.open(settings.stateDir().resolve("captured")));
      Journal leaves = part(Journal.open(settings.stateDir().resolve("leaves")));
      authority = authority(new LeafLedger(leaves));
      ManifestPods pods = ManifestPods.follow(settings.manifests(), manifests, clock);
      parts.push(pods::close);
      NodeAuthorizer authorizer =
          new NodeAuthorizer(
              JwksTokenVerifier.open(settings.jwks(), clock),
              pods,
              settings.allowedServiceAccounts(),
              settings.trustDomain());
      directory =
          new Directory(
              settings.trustDomain(),
              captured,
              authorizer::stillThere,
              authority::bundle,
              clock,
              (delay, task) -> {
                Future<?> _ = timer.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
              },
              thread("directory"),
              new DirectoryMetrics(registry));
      authority.askAboutNodes(directory::acknowledgedBundles);
      grpc =
          part(
              new GrpcServer(
                  settings.listen(),
                  authorizer,
                  new RateLimit(ticker),
                  authority,
                  directory,
                  new SigningMetrics(registry)));
      serving =
          new ServingCertificate(
              settings.trustDomain(), settings.ownAddresses(), clock, this::serveAs);
      bundleFile = new BundleFile(settings.bundleOut());
      authority.onState(this::trust);
      Future<?> _ =
          timer.scheduleWithFixedDelay(
              this::upkeep,
              UPKEEP_PERIOD.toMillis(),
              UPKEEP_PERIOD.toMillis(),
              TimeUnit.MILLISECONDS);
      admin = part(AdminServer.start(settings.admin(), registry, this::notReady));
      if (settings.control() != null) {
        part(ControlSocket.open(settings.control(), authority));
      }
      listenWhenComplete(pods);
      log.info("Rotation: {}", authority.status());
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      close();
      throw e;
    }
  }

  /**
   * Runs the ca until it is closed.
   *
   * @param ticker nanoseconds, for rates
   * @throws IOException if a file or a port cannot be used
   * @throws GeneralSecurityException if the root cannot sign
   */
  static Ca start(Settings settings, InstantSource clock, LongSupplier ticker)
      throws IOException, GeneralSecurityException {
    return new Ca(settings, clock, ticker);
  }

  /** The port that nodes connect to. */
  int port() {
    return grpc.port();
  }

  int adminPort() {
    return admin.port();
  }

  /**
   * Nodes are let in when all pods are known: to one that is told of too few, captured pods would
   * be outside the mesh.
   */
  private void listenWhenComplete(ManifestPods pods) throws IOException {
    if (pods.current().complete()) {
      directory.pods(pods.current()).join();
      listen();
    } else {
      log.warn("Nodes can't connect until every manifest has been understood");
    }
    pods.onPods(this::take);
  }

  private void take(Pods pods) {
    Future<?> _ =
        directory
            .pods(pods)
            .thenRun(() -> {
              if (pods.complete()) {
                listenLate();
              }
            });
  }

  private synchronized void listen() throws IOException {
    if (notListening != null) {
      grpc.start();
      notListening = null;
      log.info("Listening on {}, port {}", settings.listen().getAddress(), grpc.port());
    }
  }

  private void listenLate() {
    try {
      listen();
    } catch (IOException e) {
      notListening = "can't listen on " + settings.listen() + ": " + e.getMessage();
      log.error("Can't listen on {}; free the port and restart", settings.listen(), e);
    }
  }

  private void serveAs(ServingIdentity identity) {
    grpc.serveAs(identity);
    trustMetrics.serving(identity.svid().expiry());
  }

  private void trust(TrustState state) {
    TrustBundle bundle = state.bundle(settings.trustDomain());
    serving.trust(state);
    bundleFile.publish(bundle);
    directory.tellAll();
    trustMetrics.trust(state.phase(), state.bundleVersion(), roles(state));
  }

  private static List<TrustMetrics.Authority> roles(TrustState state) {
    List<TrustMetrics.Authority> roles = new ArrayList<>();
    roles.add(new TrustMetrics.Authority("active", state.active().expiry()));
    switch (state) {
      case TrustState.Stable _ -> {}
      case TrustState.Prepared prepared ->
          roles.add(new TrustMetrics.Authority("next", prepared.next().expiry()));
      case TrustState.Activated activated ->
          roles.add(new TrustMetrics.Authority("old", activated.old().expiry()));
    }
    return roles;
  }

  private void upkeep() {
    try {
      serving.renewIfDue();
      bundleFile.writeIfDue();
    } catch (RuntimeException e) {
      log.error("Upkeep failed and is tried again", e);
    }
  }

  /** What is wrong, for whoever decides whether to rely on this ca. */
  private List<String> notReady() {
    Instant expiry = authority.state().active().expiry();
    String expired =
        clock.instant().isBefore(expiry)
            ? null
            : "the signing authority expired at " + expiry + "; run rotate force";
    return Stream.of(
            notListening, directory.trouble(), serving.trouble(), bundleFile.trouble(), expired)
        .filter(Objects::nonNull)
        .toList();
  }

  private RotatingAuthority authority(LeafLedger ledger)
      throws IOException, GeneralSecurityException {
    BroughtAuthority brought =
        new BroughtAuthority(settings.rootDir(), settings.trustDomain(), clock);
    return RotatingAuthority.start(
        settings.trustDomain(),
        settings.leafLifetime(),
        new AuthoritySource(brought, settings.trustDomain(), settings.rootLifetime(), clock),
        new TrustFile(settings.rootDir().resolve("weft-ca.json")),
        ledger,
        clock);
  }

  private ScheduledExecutorService thread(String name) {
    ScheduledExecutorService thread =
        Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().name(name).factory());
    parts.push(thread::shutdownNow);
    return thread;
  }

  private <P extends Closeable> P part(P part) {
    parts.push(part);
    return part;
  }

  /** Stops everything, the last part started first. */
  @Override
  public void close() {
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (IOException e) {
        log.warn("A part of the ca did not stop cleanly", e);
      }
    }
  }
}
