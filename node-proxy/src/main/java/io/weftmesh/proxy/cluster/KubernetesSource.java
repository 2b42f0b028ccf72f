package io.weftmesh.proxy.cluster;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.weftmesh.proxy.routing.PodLabels;
import io.weftmesh.proxy.routing.SnapshotHolder;
import io.weftmesh.proxy.telemetry.Counter;
import io.weftmesh.proxy.telemetry.Family;
import io.weftmesh.proxy.telemetry.Gauge;
import io.weftmesh.proxy.telemetry.Metrics;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes snapshots of what a Kubernetes API server holds. The first one waits until every kind
 * has been listed once; from then on the last one stays in force whatever becomes of the server.
 * Thread-safe.
 *
 * <p>Five thousand nodes do this at once. What they begin at the same moment (a new connection
 * after a dead one, a new list after a server has lost its history) is spread over some seconds.
 */
public final class KubernetesSource implements ClusterSource {
  private static final Logger log = LoggerFactory.getLogger(KubernetesSource.class);

  /** What comes within this time is folded together. */
  private static final Duration GATHER = Duration.ofMillis(50);

  /** Before another connection is made; doubled each time that one dies before it was of use. */
  private static final int LEAST_PAUSE_MILLIS = 5_000;

  private static final int MOST_PAUSE_MILLIS = 300_000;

  private final Supplier<KubernetesClient> clients;
  private final String node;
  private final PodLabels labels;
  private final SnapshotPublisher publisher;
  private final ScheduledExecutorService scheduler;
  private final ScheduledExecutorService api;
  private final Timing timing;
  private final RandomGenerator random;
  private final KnownObjects known = new KnownObjects();
  private final AtomicBoolean foldDue = new AtomicBoolean();
  private final Counter sessions;
  private final Family<Gauge> objects;
  private final Family<Gauge> watching;

  private @Nullable ApiSession session;
  private int checks;
  private int pause = LEAST_PAUSE_MILLIS;
  private long reconnectAtNanos = System.nanoTime();
  private volatile boolean foldFailed;
  private volatile List<String> missing = List.of("the API server has not been reached yet");

  /**
   * How often it looks.
   *
   * @param check whether the connection is alive
   * @param checksBetweenDiscoveries of kinds that were not served before
   */
  record Timing(Duration check, int checksBetweenDiscoveries) {
    static final Timing DEFAULT = new Timing(Duration.ofSeconds(10), 12);
  }

  KubernetesSource(
      Supplier<KubernetesClient> clients,
      String node,
      PodLabels labels,
      SnapshotHolder holder,
      Metrics metrics,
      ScheduledExecutorService scheduler,
      Timing timing,
      RandomGenerator random) {
    this.clients = clients;
    this.node = node;
    this.labels = labels;
    this.publisher = new SnapshotPublisher(node, labels, holder, metrics);
    this.scheduler = scheduler;
    this.timing = timing;
    this.random = random;
    this.api =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("weft-kubernetes").daemon().factory());
    this.sessions =
        metrics
            .counters(
                "weft_kubernetes_sessions_total",
                "Connections made to the API server; more than one when one was found dead.")
            .with();
    this.objects =
        metrics.gauges(
            "weft_kubernetes_objects", "Objects that are known and can be used.", "kind");
    this.watching =
        metrics.gauges(
            "weft_kubernetes_watching",
            "1 while changes of the kind come in, 0 while the API server is asked again.",
            "kind");
  }

  /**
   * Follows the API server: of the cluster that this process runs in, or of a file.
   *
   * @param labels by which subsets of a Service's pods are told apart
   * @param kubeconfig text of a kubeconfig; null to go by the pod's service account, or by what
   *     {@code KUBECONFIG} names
   */
  public static KubernetesSource follow(
      @Nullable String kubeconfig,
      String node,
      PodLabels labels,
      SnapshotHolder holder,
      Metrics metrics,
      ScheduledExecutorService scheduler,
      RandomGenerator random) {
    Config config = config(kubeconfig, random);
    KubernetesSource source =
        new KubernetesSource(
            () -> client(config), node, labels, holder, metrics, scheduler, Timing.DEFAULT, random);
    source.start();
    return source;
  }

  static KubernetesClient client(Config config) {
    // Told nothing, it would load the classes of all that Kubernetes has.
    KubernetesSerialization serialization = new KubernetesSerialization(new ObjectMapper(), false);
    Reduction.KINDS.forEach(serialization::registerKubernetesResource);
    // How a watch says that its history is gone (410): not understood, it is asked for over and
    // over.
    serialization.registerKubernetesResource(Status.class);
    return new KubernetesClientBuilder()
        .withConfig(config)
        .withKubernetesSerialization(serialization)
        .withHttpClientBuilderConsumer(
            http -> http.addOrReplaceInterceptor("ascii-events", new AsciiEvents()))
        .build();
  }

  static Config config(@Nullable String kubeconfig, RandomGenerator random) {
    Config found =
        kubeconfig == null ? Config.autoConfigure(null) : Config.fromKubeconfig(kubeconfig);
    return new ConfigBuilder(found)
        .withUserAgent("weft-node-proxy")
        // One connection for all watches: see ApiSession.
        .withOnlyHttpWatches(true)
        // Whoever asks tries again by itself.
        .withRequestRetryBackoffLimit(0)
        // Doubles five times.
        .withWatchReconnectInterval(500 + random.nextInt(500))
        .build();
  }

  void start() {
    labels.onLabels(this::changed);
    api.execute(this::connect);
    long check = timing.check().toNanos();
    api.scheduleWithFixedDelay(this::check, check, check, TimeUnit.NANOSECONDS);
  }

  private void connect() {
    if (api.isShutdown()) {
      return;
    }
    try {
      ApiSession next = new ApiSession(clients.get(), node, Reduction.KINDS, known, this::changed);
      session = next;
      sessions.increment();
      next.follow(true);
      look(next);
    } catch (RuntimeException failure) {
      log.error("Reading from the API server has failed, and is tried again", failure);
    }
  }

  private void check() {
    ApiSession current = session;
    if (current == null) {
      if (System.nanoTime() - reconnectAtNanos >= 0) {
        connect();
      }
      return;
    }
    try {
      if (current.check(timing.check())) {
        checks++;
        current.follow(checks % timing.checksBetweenDiscoveries() == 0);
        look(current);
      } else {
        log.warn("The API server is silent: what is open to it is closed, and made again");
        session = null;
        current.close();
        pause = Math.min(MOST_PAUSE_MILLIS, pause * 2);
        reconnectAtNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(random.nextInt(pause));
      }
    } catch (RuntimeException failure) {
      log.error("Reading from the API server has failed, and is tried again", failure);
    }
  }

  private void look(ApiSession current) {
    missing = current.missing();
    if (missing.isEmpty()) {
      pause = LEAST_PAUSE_MILLIS;
      if (!publisher.isPublished() || foldFailed) {
        changed();
      }
    }
    for (Class<? extends HasMetadata> kind : Reduction.KINDS) {
      Boolean comesIn = current.isWatching(kind);
      if (comesIn != null) {
        watching.with(HasMetadata.getKind(kind)).set(comesIn ? 1 : 0);
      }
    }
  }

  /** Something is other than before; any thread. */
  private void changed() {
    if (!scheduler.isShutdown() && foldDue.compareAndSet(false, true)) {
      scheduler.schedule(this::fold, GATHER.toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  private void fold() {
    foldDue.set(false);
    try {
      if (!publisher.isPublished() && !missing.isEmpty()) {
        if (!api.isShutdown()) {
          api.execute(this::lookAgain);
        }
        return;
      }
      foldFailed = true;
      publisher.publish(known.all(), known.refused());
      foldFailed = false;
      Reduction.KINDS.forEach(
          kind -> objects.with(HasMetadata.getKind(kind)).set(known.count(kind)));
    } catch (RuntimeException failure) {
      log.error("What the API server says can't be put in force; the last snapshot stays", failure);
    }
  }

  private void lookAgain() {
    ApiSession current = session;
    if (current != null) {
      look(current);
    }
  }

  @Override
  public List<String> notReady() {
    if (publisher.isPublished()) {
      return List.of();
    }
    List<String> now = missing;
    return now.isEmpty() ? List.of("the first snapshot is being made") : now;
  }

  @Override
  public List<String> problems() {
    return publisher.problems();
  }

  @Override
  public CompletionStage<Void> labelled() {
    return publisher.labelled();
  }

  @Override
  public void close() {
    api.execute(() -> {
      ApiSession current = session;
      session = null;
      if (current != null) {
        current.close();
      }
    });
    api.shutdown();
  }
}
