package io.weftmesh.redirector;

import io.weftmesh.redirector.lease.RedirectorClient;
import io.weftmesh.redirector.lease.RedirectorListener;
import io.weftmesh.redirector.testnet.JavaProcess;
import io.weftmesh.redirector.testnet.Shell;
import io.weftmesh.redirector.testnet.TestNetwork;
import io.weftmesh.redirector.testnet.TestPod;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A network, a redirector's process and relays' processes. */
final class Mesh implements AutoCloseable {
  private static final List<String> DAEMON_FLAGS =
      List.of("@" + Path.of("src/main/launch/jvm.options").toAbsolutePath());
  private static final List<String> RELAY_FLAGS =
      List.of(
          "--enable-native-access=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow",
          "-Xmx96m",
          "-XX:TieredStopAtLevel=1",
          "-Dio.netty.leakDetection.level=paranoid");

  /** Root without a single capability, and in a network namespace of its own: node-proxy's lot. */
  private static final List<String> UNPRIVILEGED =
      List.of(
          "unshare",
          "--net",
          "setpriv",
          "--bounding-set=-all",
          "--inh-caps=-all",
          "--no-new-privs");

  final TestNetwork network = new TestNetwork();
  private final Path directory;
  private final List<Runnable> processes = new ArrayList<>();

  Mesh() throws IOException {
    directory = Files.createTempDirectory("weft-redirector");
  }

  /** A redirector within this process, which checks rules every second. */
  Redirector startRedirectorHere(int allowedUid) throws IOException {
    Settings settings =
        new Settings(socket(), allowedUid, TestNetwork.DIRECTORY, network.hub(), Path.of("/proc"));
    Redirector redirector = new Redirector(settings, Duration.ofSeconds(1));
    processes.add(() -> {
      try {
        redirector.close();
      } catch (IOException failed) {
        throw new UncheckedIOException(failed);
      }
    });
    Thread.ofPlatform()
        .start(() -> {
          try {
            redirector.run();
          } catch (IOException failed) {
            throw new UncheckedIOException(failed);
          }
        });
    return redirector;
  }

  Path socket() {
    return directory.resolve("socket");
  }

  /** Starts a redirector and waits until it listens. */
  JavaProcess startRedirector() throws IOException {
    List<String> arguments =
        List.of(
            "-cp",
            classes(),
            "io.weftmesh.redirector.Main",
            "--socket",
            socket().toString(),
            "--allow-uid",
            "0",
            "--netns-dir",
            TestNetwork.DIRECTORY.toString(),
            "--host-netns",
            network.hub().toString());
    JavaProcess redirector = new JavaProcess(List.of(), DAEMON_FLAGS, arguments);
    processes.add(redirector::close);
    redirector.await("listening");
    return redirector;
  }

  private static String classes() {
    return Main.class.getProtectionDomain().getCodeSource().getLocation().getPath();
  }

  /** Starts a relay and waits until its pods are armed. */
  JavaProcess startRelay(TestPod... pods) throws IOException {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "-cp",
                System.getProperty("java.class.path"),
                "io.weftmesh.redirector.relay.RelayMain",
                socket().toString()));
    for (TestPod pod : pods) {
      arguments.add(pod.uid());
    }
    JavaProcess relay = new JavaProcess(UNPRIVILEGED, RELAY_FLAGS, arguments);
    processes.add(relay::close);
    relay.await("ready");
    return relay;
  }

  RedirectorClient connect() throws IOException {
    return connect(new RecordingListener());
  }

  RedirectorClient connect(RedirectorListener listener) throws IOException {
    RedirectorClient client = RedirectorClient.connect(socket(), "test", listener);
    processes.add(client::close);
    return client;
  }

  @Override
  public void close() {
    for (Runnable process : processes.reversed()) {
      process.run();
    }
    network.close();
    Shell.run("rm -rf " + directory);
  }
}
