package io.weftmesh.proxy.capture;

import io.weftmesh.redirector.lease.Descriptor;
import io.weftmesh.redirector.lease.Family;
import io.weftmesh.redirector.lease.Reason;
import io.weftmesh.redirector.lease.RedirectorClient;
import io.weftmesh.redirector.lease.RedirectorException;
import io.weftmesh.redirector.lease.RedirectorListener;
import java.io.Closeable;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connection to the redirector, made anew whenever it is lost. While there is none, captured
 * traffic goes on with what was leased before; pods come and go when it is back.
 *
 * <p>Thread-safe. The redirector's answers are waited for on virtual threads, which is what its
 * client asks for.
 */
final class RedirectorLink implements Closeable {
  /** Hears of what the redirector does by itself. Called on the client's thread; must not block. */
  interface Listener {
    /** There is a connection, to a redirector that may have been restarted. */
    void connected(RedirectorClient client);

    /** The redirector has found that no process is in the pod's namespace any more. */
    void abandoned(String podUid);
  }

  private static final Logger log = LoggerFactory.getLogger(RedirectorLink.class);
  private static final Duration RETRY = Duration.ofMillis(200);

  /** How long connections wait for a socket when there is no redirector. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final Path socket;
  private final String generation;
  private final CaptureMetrics metrics;
  private final ScheduledExecutorService timer;
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("weft-redirector-", 0).factory());
  private volatile @Nullable RedirectorClient client;
  private volatile String problem = "not connected yet";
  private volatile boolean closed;

  RedirectorLink(
      Path socket, String generation, CaptureMetrics metrics, ScheduledExecutorService timer) {
    this.socket = socket;
    this.generation = generation;
    this.metrics = metrics;
    this.timer = timer;
  }

  /** Connects, and keeps doing so until it is closed. */
  void start(Listener listener) {
    threads.execute(() -> connect(listener));
  }

  /** The connection, or null while there is none. */
  @Nullable RedirectorClient client() {
    return client;
  }

  /** Why there is no connection; empty while there is one. */
  List<String> problems() {
    return client == null ? List.of(problem) : List.of();
  }

  /** Runs something that blocks on the redirector. */
  ExecutorService threads() {
    return threads;
  }

  /**
   * Leases sockets of a pod without blocking the caller. A redirector that is being restarted is
   * waited for: until it is back, the connections of a burst wait and do not fail.
   */
  CompletableFuture<List<Descriptor>> lease(String podUid, Family family, int count) {
    return CompletableFuture.supplyAsync(() -> leaseWithPatience(podUid, family, count), threads);
  }

  private List<Descriptor> leaseWithPatience(String podUid, Family family, int count) {
    long endNanos = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        return connectedClient().lease(podUid, family, count);
      } catch (RedirectorException failure) {
        metrics.failed(failure.reason());
        // One that has just started gets to know its pods again one after the other.
        boolean mayPass =
            failure.reason() == Reason.DISCONNECTED || failure.reason() == Reason.NOT_OPEN;
        if (closed || !mayPass || System.nanoTime() - endNanos > 0) {
          throw new CompletionException(failure);
        }
        LockSupport.parkNanos(RETRY.toNanos());
      }
    }
  }

  /** The connection. */
  RedirectorClient connectedClient() throws RedirectorException {
    RedirectorClient now = client;
    if (now == null) {
      throw new RedirectorException(Reason.DISCONNECTED, problem);
    }
    return now;
  }

  @Override
  public void close() {
    closed = true;
    RedirectorClient last = client;
    client = null;
    if (last != null) {
      last.close();
    }
    threads.shutdown();
  }

  private void connect(Listener listener) {
    if (closed) {
      return;
    }
    try {
      RedirectorClient made =
          RedirectorClient.connect(socket, generation, new Events(listener, this));
      client = made;
      metrics.redirectorConnected.set(1);
      log.info("connected to the redirector {} at {}", made.instance(), socket);
      listener.connected(made);
    } catch (RedirectorException failure) {
      String now = socket + ": " + failure.getMessage();
      if (!now.equals(problem)) {
        log.warn("no redirector: {}", now);
      }
      problem = now;
      reconnectLater(listener);
    }
  }

  private void lost(Listener listener, Throwable cause) {
    client = null;
    problem = socket + ": the connection was lost: " + cause.getMessage();
    metrics.redirectorConnected.set(0);
    if (!closed) {
      log.warn("the redirector is gone, traffic goes on without it: {}", cause.getMessage());
      reconnectLater(listener);
    }
  }

  private void reconnectLater(Listener listener) {
    if (!closed) {
      timer.schedule(
          () -> threads.execute(() -> connect(listener)), RETRY.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private record Events(Listener listener, RedirectorLink link) implements RedirectorListener {
    @Override
    public void podAbandoned(String podUid) {
      link.metrics.abandoned.increment();
      listener.abandoned(podUid);
    }

    @Override
    public void rulesRepaired(String podUid, String detail) {
      link.metrics.rulesRepaired.increment();
      log.warn("somebody had changed the rules of pod {}, they were repaired: {}", podUid, detail);
    }

    @Override
    public void connectionLost(Throwable cause) {
      link.lost(listener, cause);
    }
  }
}
