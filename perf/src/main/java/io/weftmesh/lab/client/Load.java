package io.weftmesh.lab.client;

import io.weftmesh.lab.host.NetworkNamespace;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Phaser;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Requests at a fixed rate out of one pod. The rate does not slow down with the answers: a server
 * that is away for two seconds meets two seconds' worth of requests. How long one took is counted
 * from when it was due, so that nobody's slowness hides in a late start.
 */
public final class Load implements AutoCloseable {
  private static final Pattern POD = Pattern.compile("\"pod\":\"([^\"]*)\"");
  private static final int SPARE_CONNECTIONS = 1_000;

  private final Settings settings;
  private final long startNanos = System.nanoTime();
  private final ConcurrentLinkedQueue<Outcome> outcomes = new ConcurrentLinkedQueue<>();
  private final BlockingQueue<HttpConnection> spare = new ArrayBlockingQueue<>(SPARE_CONNECTIONS);
  private final AtomicBoolean stopping = new AtomicBoolean();
  private final Phaser running = new Phaser(1);
  private final CountDownLatch ended = new CountDownLatch(1);

  private Load(Settings settings) {
    this.settings = settings;
  }

  /**
   * What to send, where from and how often.
   *
   * @param address a literal
   * @param keepAlive whether connections are used again; otherwise each request has its own
   * @param timeout of each wait: to connect, and for bytes
   * @param count after how many requests the load ends by itself
   */
  public record Settings(
      NetworkNamespace from,
      String address,
      int port,
      String target,
      int perSecond,
      boolean keepAlive,
      Duration timeout,
      int count,
      boolean posts) {
    /** GET, with all else as given. */
    public Settings(
        NetworkNamespace from,
        String address,
        int port,
        String target,
        int perSecond,
        boolean keepAlive,
        Duration timeout,
        int count) {
      this(from, address, port, target, perSecond, keepAlive, timeout, count, false);
    }

    /** A new connection for each request, until stopped. */
    public static Settings newConnections(
        NetworkNamespace from, String address, int port, int perSecond) {
      return new Settings(
          from, address, port, "/", perSecond, false, Duration.ofSeconds(10), Integer.MAX_VALUE);
    }

    /** Connections that are kept open, until stopped. */
    public static Settings keptAlive(
        NetworkNamespace from, String address, int port, int perSecond) {
      return new Settings(
          from, address, port, "/", perSecond, true, Duration.ofSeconds(10), Integer.MAX_VALUE);
    }

    public Settings target(String newTarget) {
      return new Settings(
          from, address, port, newTarget, perSecond, keepAlive, timeout, count, posts);
    }

    public Settings timeout(Duration newTimeout) {
      return new Settings(
          from, address, port, target, perSecond, keepAlive, newTimeout, count, posts);
    }

    public Settings count(int newCount) {
      return new Settings(
          from, address, port, target, perSecond, keepAlive, timeout, newCount, posts);
    }

    /** POST, with a body of a few bytes: a request that nobody may send twice. */
    public Settings posting() {
      return new Settings(from, address, port, target, perSecond, keepAlive, timeout, count, true);
    }
  }

  public static Load start(Settings settings) {
    Load load = new Load(settings);
    Thread.ofPlatform().daemon().name("load").start(load::pace);
    return load;
  }

  /** Runs a load of a limited count to its end. */
  public static LoadReport run(Settings settings) {
    Load load = start(settings);
    load.awaitEnd();
    return load.report();
  }

  /** Sends the settings' count of requests as fast as {@code atOnce} of them under way allow. */
  public static LoadReport runAtOnce(Settings settings, int atOnce) {
    Load load = new Load(settings);
    Semaphore slots = new Semaphore(atOnce);
    try (ExecutorService each = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < settings.count(); i++) {
        slots.acquireUninterruptibly();
        each.execute(() -> {
          load.one(System.nanoTime());
          slots.release();
        });
      }
    }
    load.closeSpare();
    return load.report();
  }

  /** How long the load has been running: the clock of {@link Outcome#at}. */
  public Duration elapsed() {
    return Duration.ofNanos(System.nanoTime() - startNanos);
  }

  /** Sends no more, waits for what is under way, and reports. */
  public LoadReport stop() {
    stopping.set(true);
    awaitEnd();
    return report();
  }

  /** What has ended so far. */
  public LoadReport report() {
    return new LoadReport(List.copyOf(outcomes));
  }

  @Override
  public void close() {
    stop();
  }

  private void awaitEnd() {
    try {
      ended.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void pace() {
    long intervalNanos = 1_000_000_000L / settings.perSecond();
    for (long i = 0; i < settings.count() && !stopping.get(); i++) {
      long due = startNanos + i * intervalNanos;
      for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
      running.register();
      Thread.startVirtualThread(() -> {
        one(due);
        running.arriveAndDeregister();
      });
    }
    running.arriveAndAwaitAdvance();
    closeSpare();
    ended.countDown();
  }

  private void closeSpare() {
    for (HttpConnection connection = spare.poll(); connection != null; connection = spare.poll()) {
      closeQuietly(connection);
    }
  }

  private void one(long dueNanos) {
    Duration at = Duration.ofNanos(dueNanos - startNanos);
    Outcome.Kind kind;
    String pod = "";
    String detail = "";
    try {
      HttpMessage response = settings.keepAlive() ? onKeptConnection() : onNewConnection();
      kind = response.status() == 200 ? Outcome.Kind.OK : Outcome.Kind.STATUS;
      pod = podOf(response);
      detail = describe(response);
    } catch (IOException e) {
      kind = Outcome.kindOf(e);
      detail = e.toString();
    }
    outcomes.add(new Outcome(at, elapsed().minus(at), kind, pod, detail));
  }

  private HttpMessage onNewConnection() throws IOException {
    if (settings.posts()) {
      try (HttpConnection connection = open()) {
        return send(connection);
      }
    }
    return HttpConnection.getOnce(
        settings.from(),
        settings.address(),
        settings.port(),
        settings.target(),
        settings.timeout());
  }

  private HttpConnection open() throws IOException {
    return HttpConnection.open(
        settings.from(), settings.address(), settings.port(), settings.timeout());
  }

  private HttpMessage send(HttpConnection connection) throws IOException {
    return settings.posts()
        ? connection.post(settings.target(), "posted")
        : connection.get(settings.target());
  }

  private HttpMessage onKeptConnection() throws IOException {
    HttpConnection connection = spare.poll();
    if (connection == null) {
      connection = open();
    }
    @Nullable HttpMessage response = null;
    try {
      response = send(connection);
      return response;
    } finally {
      if (response == null || !response.keepsAlive() || !spare.offer(connection)) {
        closeQuietly(connection);
      }
    }
  }

  private static void closeQuietly(HttpConnection connection) {
    try {
      connection.close();
    } catch (IOException e) {
      // It is out of use, whatever state it is in.
    }
  }

  private static String podOf(HttpMessage response) {
    Matcher matcher = POD.matcher(response.body());
    return matcher.find() ? matcher.group(1) : "";
  }

  private static String describe(HttpMessage response) {
    if (response.status() == 200) {
      return "";
    }
    return response.startLine()
        + response.header("x-weft-error").map(error -> " (" + error + ")").orElse("")
        + " "
        + response.body().strip();
  }
}
