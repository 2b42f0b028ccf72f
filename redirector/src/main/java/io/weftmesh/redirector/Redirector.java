package io.weftmesh.redirector;

import io.weftmesh.redirector.linux.Files;
import io.weftmesh.redirector.log.Log;
import io.weftmesh.redirector.netns.CgroupFinder;
import io.weftmesh.redirector.netns.DirectoryFinder;
import io.weftmesh.redirector.netns.NamespaceFinder;
import io.weftmesh.redirector.netns.NetworkNamespace;
import io.weftmesh.redirector.netns.Occupancy;
import io.weftmesh.redirector.pods.Namespaces;
import io.weftmesh.redirector.pods.Pods;
import io.weftmesh.redirector.pods.Tally;
import io.weftmesh.redirector.pods.Watch;
import io.weftmesh.redirector.server.LeaseServer;
import io.weftmesh.redirector.server.NodeAddressBook;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The parts, put together. Closing it releases no pod: rules stay, and node-proxy has listeners.
 */
final class Redirector implements AutoCloseable {
  private static final String OWN_NAMESPACE = "/proc/self/ns/net";

  private final NetworkNamespace host;
  private final LeaseServer server;
  private final Watch watch;
  private final CountDownLatch stopped = new CountDownLatch(1);

  /**
   * Listens from now on.
   *
   * @param verifyEvery how often the rules of each pod are checked
   */
  Redirector(Settings settings, Duration verifyEvery) throws IOException {
    host = openHost(settings.hostNamespace());
    try (NetworkNamespace own = NetworkNamespace.open(OWN_NAMESPACE)) {
      List<Files.Identity> forbidden = List.of(host.identity(), own.identity());
      Tally tally = new Tally();
      Pods pods = new Pods(new Namespaces(finder(settings), forbidden));
      server =
          new LeaseServer(
              settings.socket(), settings.allowedUid(), pods, new NodeAddressBook(host), tally);
      watch = new Watch(pods, new Occupancy(settings.proc()), server, tally, verifyEvery.toNanos());
    } catch (IOException | RuntimeException failed) {
      host.close();
      throw failed;
    }
  }

  /** Serves until closed. */
  void run() throws IOException {
    Thread.ofPlatform().name("watch").daemon().start(this::watchUntilStopped);
    Log.info("listening");
    server.run();
  }

  @Override
  public void close() throws IOException {
    stopped.countDown();
    server.close();
    host.close();
  }

  private void watchUntilStopped() {
    try {
      while (!stopped.await(1, TimeUnit.SECONDS)) {
        watch.tick(System.nanoTime());
      }
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    }
  }

  private static NamespaceFinder finder(Settings settings) {
    return settings.namespaceDirectory() == null
        ? new CgroupFinder(settings.proc())
        : new DirectoryFinder(settings.namespaceDirectory());
  }

  private static NetworkNamespace openHost(Path path) throws IOException {
    try {
      return NetworkNamespace.open(path.toString());
    } catch (IOException failed) {
      throw new IOException(
          "cannot open the host's network namespace " + path + ": " + failed.getMessage(), failed);
    }
  }
}
