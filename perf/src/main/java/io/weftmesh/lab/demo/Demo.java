package io.weftmesh.lab.demo;

import static io.weftmesh.lab.host.Template.fill;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.WireTap;
import io.weftmesh.lab.client.HttpConnection;
import io.weftmesh.lab.client.HttpMessage;
import io.weftmesh.lab.client.Load;
import io.weftmesh.lab.client.LoadReport;
import io.weftmesh.lab.client.Outcome;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.ObjectKey;
import io.weftmesh.lab.host.Command;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import io.weftmesh.lab.mesh.MeshSettings;
import io.weftmesh.lab.mesh.Scrape.Sample;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** The tour: nine things that Weft does, each with the numbers that show it. */
public final class Demo {
  private static final String OBJECTS = "demo.yaml";
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final int FEW_REQUESTS = 200;

  private final Narrator tell;
  private final Lab lab;
  private final Mesh mesh;

  private Demo(Narrator tell, Lab lab, Mesh mesh) {
    this.tell = tell;
    this.lab = lab;
    this.mesh = mesh;
  }

  /** Runs all of it in a lab of its own, and returns whether everything held. */
  static boolean run(Narrator tell) throws IOException {
    tell.chapter("A cluster of two nodes, on this machine");
    tell.say(
        """
        Each node and each pod is a network namespace: a network stack of its own, as on a
        real cluster. Nothing touches the machine's own network, and all of it goes away at
        the end.
        """);
    long start = System.nanoTime();
    try (Lab lab = Lab.create("demo-" + ProcessHandle.current().pid(), 2)) {
      Mesh mesh = Mesh.install(lab, MeshSettings.DEFAULT);
      lab.apply(Manifest.parseAll(resource(OBJECTS)));
      mesh.awaitReady();
      Demo demo = new Demo(tell, lab, mesh);
      demo.cluster(Duration.ofNanos(System.nanoTime() - start));
      demo.identities();
      demo.request();
      demo.wire();
      demo.shift();
      demo.retries();
      demo.strict();
      demo.kill();
      demo.metrics();
      return tell.finish();
    }
  }

  private void cluster(Duration took) {
    for (String node : lab.nodes()) {
      tell.say(
          "%s: redirector (pid %d, privileged), node-proxy (pid %d, user %s)",
          node,
          mesh.redirector(node).pid(),
          mesh.nodeProxy(node).pid(),
          mesh.nodeProxy(node).status("Uid:").split("\\s+", 2)[0]);
    }
    tell.say("ca: pid %d, signs the identities", mesh.ca().pid());
    tell.say("");
    tell.say("All of it was up after %.1f s.", took.toMillis() / 1000.0);
    for (String node : lab.nodes()) {
      tell.check(
          mesh.nodeProxy(node).status("CapEff:").matches("0+")
              && mesh.nodeProxy(node).status("CapBnd:").matches("0+"),
          "the node proxy of %s, which all traffic passes, has no privilege at all",
          node);
    }
  }

  private void identities() throws IOException {
    tell.chapter("Who is who");
    tell.say(
        """
        The namespace 'shop' carries the label weftmesh.io/mesh=enabled. That is all that its
        owner did: no pod was changed or restarted. Each got an identity from its service
        account.
        """);
    tell.say("%-12s %-8s %-12s %s", "POD", "NODE", "ADDRESS", "IDENTITY");
    for (Pod pod : lab.pods()) {
      boolean meshed = pod.place().startsWith("shop/");
      if (meshed || pod.place().startsWith("outside/")) {
        tell.say(
            "%-12s %-8s %-12s %s",
            pod.manifest().name(),
            pod.node(),
            pod.address(),
            meshed ? identity(pod) : "none: namespace 'outside' is not in the mesh");
      }
    }
    tell.say("");
    for (String node : lab.nodes()) {
      List<String> held =
          mesh.metrics(node).series("weft_certificate_expiry_timestamp_seconds").stream()
              .map(Sample::labels)
              .map(labels -> labels.getOrDefault("identity", ""))
              .sorted()
              .toList();
      List<String> expected =
          lab.pods().stream()
              .filter(pod -> pod.place().startsWith("shop/") && pod.node().equals(node))
              .map(Demo::identity)
              .distinct()
              .sorted()
              .toList();
      tell.check(
          held.equals(expected), "%s holds certificates for its own pods and no others", node);
    }
  }

  private void request() throws IOException {
    tell.chapter("A request from one node to the other");
    tell.command("perf/lab.sh exec shop/client -- curl -s http://web.shop/hello");
    Command.Result result =
        lab.pod("shop/client").command("curl", "-s", "http://web.shop/hello").runAnyway();
    tell.output(result.output());
    Pod client = lab.pod("shop/client");
    tell.say(
        """
        The client called a Service by name, as always. The server saw the client's own
        address, as if nothing were in between.
        """);
    tell.check(
        result.output().contains("\"peer\":\"" + client.address() + "\""),
        "the server saw %s, which is the client pod",
        client.address());
  }

  private void wire() throws IOException {
    tell.chapter("What the network between the nodes sees");
    String secret = "/?password=correct-horse-battery-staple";
    tell.say("A hundred requests carry a password in their URL, while the wire is recorded.");
    WireCount inside = tapped("shop/client", lab.service("shop/web"), secret);
    WireCount outside = tapped("outside/client", lab.service("outside/web"), secret);
    tell.say(
        """

                                   packets     password readable
        outside the mesh    %14d %18d times
        in the mesh         %14d %18d times
        """,
        outside.packets(), outside.readable(), inside.packets(), inside.readable());
    tell.say("");
    tell.check(outside.readable() >= 100, "without Weft anybody on the wire reads the password");
    tell.check(
        inside.readable() == 0 && inside.packets() > 0,
        "with Weft nobody does: it is TLS 1.3, with the pods' own certificates");
  }

  private record WireCount(long packets, long readable) {}

  private WireCount tapped(String from, String service, String target) throws IOException {
    try (WireTap tap = WireTap.start(lab)) {
      LoadReport report =
          Load.run(
              Load.Settings.newConnections(lab.pod(from).namespace(), service, 80, 200)
                  .target(target)
                  .count(100));
      tell.check(report.failures().isEmpty(), "%s: 100 requests answered", from);
      WireTap.Recording recording = tap.stop();
      return new WireCount(recording.packets(), recording.occurrences(target));
    }
  }

  private void shift() throws IOException {
    tell.chapter("A new version gets 10 % of the traffic, then 50 %");
    Path file = lab.manifests().file(new ObjectKey("TrafficShift", "shop", "web"));
    tell.say("The file %s says:", file);
    tell.output(Files.readString(file).substring(Files.readString(file).indexOf("spec:")));
    measureShift(10);
    tell.say("");
    tell.say("Now the file is edited: 50 and 50. Nothing else is done.");
    Path next = file.resolveSibling("." + file.getFileName() + ".edited");
    Files.writeString(
        next,
        Files.readString(file)
            .replace("weight: 90", "weight: 50")
            .replace("weight: 10", "weight: 50"));
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    lab.manifests().read();
    long edited = System.nanoTime();
    Wait.until(() -> shareOfNew(200) > 0.3, "the edited file to be in force");
    tell.say(
        "In force after less than %d ms.", Duration.ofNanos(System.nanoTime() - edited).toMillis());
    measureShift(50);
  }

  private void measureShift(int percent) {
    LoadReport report = send("shop/client", "shop/web", 1_000);
    double share = 100 * shareOfNew(report);
    tell.check(
        Math.abs(share - percent) < 5 && report.failures().isEmpty(),
        "of 1,000 requests, %.1f %% went to the new version; failed: %d",
        share,
        report.failures().size());
  }

  private double shareOfNew(int requests) {
    return shareOfNew(send("shop/client", "shop/web", requests));
  }

  private static double shareOfNew(LoadReport report) {
    long answered = report.byPod().values().stream().mapToLong(Long::longValue).sum();
    long byNew =
        report.byPod().entrySet().stream()
            .filter(pod -> pod.getKey().startsWith("web-new"))
            .mapToLong(Map.Entry::getValue)
            .sum();
    return (double) byNew / answered;
  }

  private LoadReport send(String from, String service, int count) {
    return Load.runAtOnce(
        Load.Settings.newConnections(lab.pod(from).namespace(), lab.service(service), 80, 1_000)
            .count(count),
        10);
  }

  private void retries() throws IOException {
    tell.chapter("A server that fails every third request");
    LoadReport before = paced("shop/stock", FEW_REQUESTS);
    tell.check(
        before.failures().size() > FEW_REQUESTS / 4,
        "without a policy, %d of %d requests failed",
        before.failures().size(),
        FEW_REQUESTS);
    String policy = resource("retries.yaml");
    tell.say("A policy is applied:");
    tell.command("perf/lab.sh apply retries.yaml");
    tell.output(policy.substring(policy.indexOf("spec:")));
    lab.apply(Manifest.parse(policy));
    Wait.until(() -> paced("shop/stock", 30).failures().isEmpty(), "the policy to be in force");
    double retriedBefore = retried();
    LoadReport after = paced("shop/stock", FEW_REQUESTS);
    double retries = retried() - retriedBefore;
    tell.check(
        after.failures().isEmpty() && retries > FEW_REQUESTS / 4.0,
        "with it, %d of %d requests failed: what failed was sent again, %.0f times",
        after.failures().size(),
        FEW_REQUESTS,
        retries);
  }

  private double retried() {
    return mesh.metrics("node-1").sum("weft_retries_total");
  }

  /** Slowly enough for the retry budget, and for a retry not to meet two other requests. */
  private LoadReport paced(String service, int count) {
    return Load.run(
        Load.Settings.newConnections(
                lab.pod("shop/client").namespace(), lab.service(service), 80, 25)
            .count(count));
  }

  private void strict() throws IOException {
    tell.chapter("Only those who can prove who they are");
    tell.say("'outside/client' has no identity. So far the shop answered it all the same:");
    tell.check(answers("outside/client"), "an un-meshed client is answered (PERMISSIVE)");
    String security = resource("strict.yaml");
    tell.command("perf/lab.sh apply strict.yaml");
    tell.output(security.substring(security.indexOf("spec:")));
    lab.apply(Manifest.parse(security));
    tell.check(
        Wait.until(() -> !answers("outside/client"), Duration.ofSeconds(5)),
        "an un-meshed client is refused (STRICT)");
    tell.check(answers("shop/client"), "a meshed client is answered as before");
  }

  private boolean answers(String from) {
    try {
      HttpMessage answer =
          HttpConnection.getOnce(
              lab.pod(from).namespace(),
              lab.pod("shop/web-old").address(),
              8080,
              "/",
              Duration.ofSeconds(3));
      return answer.status() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  private void kill() throws IOException {
    tell.chapter("The node proxy is killed under load");
    tell.say("200 new connections a second run while the client's node proxy gets kill -9.");
    try (Load load =
        Load.start(
            Load.Settings.newConnections(
                    lab.pod("shop/client").namespace(), lab.service("shop/web"), 80, 200)
                .timeout(TIMEOUT))) {
      Wait.until(() -> load.elapsed().toMillis() > 2_000, "two seconds of load");
      mesh.nodeProxy("node-1").kill();
      Duration killed = load.elapsed();
      tell.command("kill -9 " + mesh.nodeProxy("node-1").pid());
      Wait.until(() -> load.elapsed().minus(killed).toMillis() > 1_000, "a second without a proxy");
      mesh.startNodeProxy("node-1");
      mesh.awaitReady();
      Duration ready = load.elapsed();
      Wait.until(() -> load.elapsed().minus(ready).toMillis() > 2_000, "two more seconds");
      LoadReport report = load.stop();
      LoadReport during = report.between(killed, ready);
      LoadReport since = report.between(killed, TIMEOUT.multipliedBy(10));
      int underWay = report.failures().size() - since.failures().size();
      tell.say(
          """
          The next process was ready after %.1f s. Meanwhile %d connections were begun; they
          waited, the longest %.1f s. %d that were open in the moment of the kill broke.
          """,
          ready.minus(killed).toMillis() / 1000.0,
          during.outcomes().size(),
          during.quantile(1).toMillis() / 1000.0,
          underWay);
      tell.say("");
      tell.check(
          since.failures().isEmpty(),
          "connections refused or reset since the kill: %d of %d",
          since.failures().stream().filter(f -> f.kind() != Outcome.Kind.TIMEOUT).count(),
          since.outcomes().size());
    }
  }

  private void metrics() throws IOException {
    tell.chapter("Where the numbers are");
    String url =
        "http://" + mesh.proxyPod("node-1").address() + ":" + Mesh.METRICS_PORT + "/metrics";
    tell.command("perf/lab.sh exec outside/client -- curl -s " + url);
    String text = lab.pod("outside/client").command("curl", "-s", url).run();
    List<String> requests =
        text.lines().filter(line -> line.startsWith("weft_requests_total{")).toList();
    requests.stream().limit(6).forEach(tell::output);
    tell.say("");
    tell.check(!requests.isEmpty(), "every request was counted: by whom, to whom, how, with what");
    tell.say(
        """
        The same lab without the tour: perf/lab.sh up, and perf/lab.sh down afterwards.
        """);
  }

  private static String identity(Pod pod) {
    return fill(
        "spiffe://%s/ns/%s/sa/%s",
        Mesh.TRUST_DOMAIN,
        pod.manifest().namespace(),
        pod.manifest().text("spec", "serviceAccountName").orElseThrow());
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = Demo.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing from the jar");
      }
      return new String(in.readAllBytes(), UTF_8);
    }
  }
}
