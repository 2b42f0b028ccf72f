package io.weftmesh.lab.mesh;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.HttpConnection;
import io.weftmesh.lab.client.HttpMessage;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.ObjectKey;
import io.weftmesh.lab.cluster.PodTemplate;
import io.weftmesh.lab.host.Command;
import io.weftmesh.lab.host.LabProcess;
import io.weftmesh.lab.host.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Weft in a lab: one ca, and on each node a redirector and a node proxy. Nothing restarts a process
 * that has ended; that is for the test or the user to do, who killed it.
 */
public final class Mesh {
  /** The namespace of Weft's own pods. */
  public static final String NAMESPACE = "weft-system";

  public static final String TRUST_DOMAIN = "cluster.local";

  /** Ports of a node proxy's own pod. */
  public static final int METRICS_PORT = 15020;

  public static final int HEALTH_PORT = 15021;

  private static final String CA_POD = "weft-ca";
  private static final int CA_PORT = 15012;
  private static final int CA_ADMIN_PORT = 15014;
  private static final int CA_USER = 64_000;
  private static final int PROXY_USER = 64_001;
  private static final Duration ADMIN_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration SETTLED = Duration.ofSeconds(1);

  /** glibc would keep up to eight arenas of freed memory per core. */
  private static final Map<String, String> ENVIRONMENT = Map.of("MALLOC_ARENA_MAX", "1");

  private final Lab lab;
  private final MeshSettings settings;
  private final TokenIssuer tokens;
  private final MeshFiles files;

  private Mesh(Lab lab, MeshSettings settings, TokenIssuer tokens) {
    this.lab = lab;
    this.settings = settings;
    this.tokens = tokens;
    this.files = new MeshFiles(lab.folder());
  }

  /** Starts Weft in {@code lab}, and returns when all of its processes say that they are ready. */
  public static Mesh install(Lab lab, MeshSettings settings) {
    Mesh mesh = new Mesh(lab, settings, new TokenIssuer());
    mesh.files.create(repository(), CA_USER, mesh.tokens);
    lab.apply(
        Manifest.parse(
            """
            apiVersion: v1
            kind: Namespace
            metadata:
              name: weft-system
            """),
        PodTemplate.named(NAMESPACE + "/" + CA_POD)
            .on(lab.nodes().getFirst())
            .serviceAccount(CA_POD)
            .build());
    lab.nodes().forEach(mesh::startRedirector);
    mesh.startCa();
    Wait.until(() -> Files.exists(mesh.files.trustBundle()), "the ca's trust bundle");
    for (String node : lab.nodes()) {
      mesh.applyProxyPod(node, 1);
      mesh.startNodeProxy(node);
    }
    mesh.awaitReady();
    return mesh;
  }

  /**
   * Weft in a lab that another JVM has made.
   *
   * @throws IllegalStateException when there is none in it
   */
  public static Mesh attach(Lab lab) {
    return new Mesh(lab, MeshSettings.DEFAULT, new MeshFiles(lab.folder()).readTokenKey());
  }

  /** Starts again what has ended, and returns the names of these processes. */
  public List<String> startEnded() {
    List<LabProcess> started = new ArrayList<>();
    for (String node : lab.nodes()) {
      if (!redirector(node).alive()) {
        started.add(startRedirector(node));
      }
    }
    if (!ca().alive()) {
      started.add(startCa());
    }
    for (String node : lab.nodes()) {
      if (!nodeProxy(node).alive()) {
        started.add(startNodeProxy(node));
      }
    }
    return started.stream().map(LabProcess::name).toList();
  }

  static Path repository() {
    String property = System.getProperty("weft.repository");
    if (property == null) {
      throw new IllegalStateException(
          "set -Dweft.repository to the folder of Weft's sources, as perf/lab.sh does");
    }
    return Path.of(property);
  }

  public TokenIssuer tokens() {
    return tokens;
  }

  public MeshFiles files() {
    return files;
  }

  // The ca.

  public LabProcess startCa() {
    Pod pod = lab.pod(NAMESPACE + "/" + CA_POD);
    List<String> command = unprivileged(CA_USER, command(Program.CA, pod.node()));
    command.addAll(
        List.of(
            "--listen",
            pod.address() + ":" + CA_PORT,
            "--own-address",
            pod.address(),
            "--trust-domain",
            TRUST_DOMAIN,
            "--root-dir",
            files.caRoot().toString(),
            "--manifests",
            lab.folder().manifests().toString(),
            "--jwks",
            files.jwks().toString(),
            "--state-dir",
            files.caState().toString(),
            "--bundle-out",
            files.trustBundle().toString(),
            "--admin",
            pod.address() + ":" + CA_ADMIN_PORT,
            "--leaf-lifetime",
            settings.leafLifetime().toSeconds() + "s",
            "--control",
            files.caControl().toString()));
    return lab.launch().start("weft.ca", pod.namespace().entering(command), ENVIRONMENT);
  }

  public LabProcess ca() {
    return lab.launch().recorded("weft.ca");
  }

  public Scrape caMetrics() {
    return Scrape.parse(
        get(lab.pod(NAMESPACE + "/" + CA_POD).address(), CA_ADMIN_PORT, "/metrics").body());
  }

  /** Where the ca listens for nodes. */
  public String caAddress() {
    return lab.pod(NAMESPACE + "/" + CA_POD).address() + ":" + CA_PORT;
  }

  /**
   * One step of the rotation of the root.
   *
   * @param step prepare, activate, retire, force or status
   * @return what the command said
   */
  public String rotateRoot(String step) {
    List<String> command = new ArrayList<>(Program.CA.command(files.repository()));
    command.addAll(List.of("rotate", step, "--control", files.caControl().toString()));
    return Command.of(command).run();
  }

  // The redirectors.

  public LabProcess startRedirector(String node) {
    // The capabilities that its DaemonSet will have, and no other.
    List<String> command =
        new ArrayList<>(
            List.of(
                "setpriv",
                "--bounding-set=-all,+sys_admin,+net_admin,+sys_ptrace,+net_raw",
                "--inh-caps=-all"));
    command.addAll(command(Program.REDIRECTOR, node));
    command.addAll(
        List.of(
            "--socket",
            files.redirectorSocket(node).toString(),
            "--allow-uid",
            Integer.toString(PROXY_USER),
            "--netns-dir",
            lab.folder().podNamespaces(node).toString(),
            "--host-netns",
            lab.network(node).namespace().file().toString()));
    return lab.launch()
        .start(
            "weft.redirector." + node,
            lab.network(node).namespace().entering(command),
            ENVIRONMENT);
  }

  public LabProcess redirector(String node) {
    return lab.launch().recorded("weft.redirector." + node);
  }

  // The node proxies.

  /** Starts the node's proxy in its present pod, as a kubelet does after it has died. */
  public LabProcess startNodeProxy(String node) {
    Pod pod = proxyPod(node);
    files.writeToken(pod, tokens.issue(claims(pod)), PROXY_USER);
    List<String> command = unprivileged(PROXY_USER, command(Program.NODE_PROXY, node));
    command.addAll(
        List.of(
            "--node",
            node,
            "--manifests",
            lab.folder().manifests().toString(),
            "--redirector",
            files.redirectorSocket(node).toString(),
            "--ca",
            caAddress(),
            "--trust-bundle",
            files.trustBundle().toString(),
            "--token",
            files.token(pod).toString(),
            "--trust-domain",
            TRUST_DOMAIN,
            "--metrics",
            ":" + METRICS_PORT,
            "--health",
            ":" + HEALTH_PORT));
    return lab.launch()
        .start(
            processName(pod), pod.namespace().entering(command), Map.of("MALLOC_ARENA_MAX", "1"));
  }

  /**
   * Starts the next generation of the node's proxy beside the present one, in a pod of its own, and
   * returns when it is ready. The present one goes on until somebody ends it.
   *
   * @return the generation that was there before
   */
  public LabProcess startNextNodeProxy(String node) {
    LabProcess before = nodeProxy(node);
    applyProxyPod(node, generation(proxyPod(node)) + 1);
    startNodeProxy(node);
    Wait.until(() -> notReady(node).isEmpty(), "the next node proxy of " + node);
    return before;
  }

  /** The process of the node's newest generation. */
  public LabProcess nodeProxy(String node) {
    return lab.launch().recorded(processName(proxyPod(node)));
  }

  /** The pod of the node's newest generation. */
  public Pod proxyPod(String node) {
    return lab.pods().stream()
        .filter(
            pod -> pod.place().startsWith(NAMESPACE + "/node-proxy-") && pod.node().equals(node))
        .max(Comparator.comparingInt(Mesh::generation))
        .orElseThrow(() -> new IllegalStateException("no node proxy on " + node));
  }

  public Scrape metrics(String node) {
    return Scrape.parse(get(proxyPod(node).address(), METRICS_PORT, "/metrics").body());
  }

  /**
   * What the node's proxy says of a request that would be sent.
   *
   * @param query of {@code /explain}, encoded
   */
  public HttpMessage explain(String node, String query) {
    return get(proxyPod(node).address(), METRICS_PORT, "/explain?" + query);
  }

  /** What the node's proxy still waits for, a line each; also when it can't be asked. */
  public List<String> notReady(String node) {
    try {
      HttpMessage answer =
          HttpConnection.getOnce(
              lab.network(node).namespace(),
              proxyPod(node).address(),
              HEALTH_PORT,
              "/readyz",
              ADMIN_TIMEOUT);
      return answer.status() == 200 ? List.of() : answer.body().lines().toList();
    } catch (IOException e) {
      return List.of("node-proxy on " + node + ": " + e.getMessage());
    }
  }

  /**
   * Returns when these pods are captured, and every node's proxy has heard of it and of what else
   * was applied.
   */
  public void awaitCaptured(Pod... pods) {
    for (Pod pod : pods) {
      Wait.until(() -> isCaptured(pod), "the capture of " + pod);
    }
    awaitReady();
    lab.nodes().forEach(this::awaitSettled);
  }

  /**
   * A proxy looks at the folder every 100 ms, and takes a file that two looks have found the same:
   * when nothing has come of ten looks, there was nothing more to take.
   */
  private void awaitSettled(String node) {
    double[] version = {Double.NaN};
    long[] sinceNanos = {System.nanoTime()};
    Wait.until(
        () -> {
          double now = metrics(node).sum("weft_snapshot_version");
          if (now != version[0]) {
            version[0] = now;
            sinceNanos[0] = System.nanoTime();
          }
          return System.nanoTime() - sinceNanos[0] > SETTLED.toNanos();
        },
        "the manifests to be in force on " + node);
  }

  /** Whether the pod's own traffic is taken over: its rules say so. */
  public static boolean isCaptured(Pod pod) {
    return pod.namespace().command("iptables-save").run().contains("WEFT_");
  }

  /** Returns when every node's proxy is ready, and with it every opted-in pod captured. */
  public void awaitReady() {
    for (String node : lab.nodes()) {
      if (!Wait.until(() -> notReady(node).isEmpty(), Duration.ofSeconds(30))) {
        throw new IllegalStateException(
            fill("node proxy of %s is not ready: %s", node, String.join("; ", notReady(node))));
      }
    }
  }

  // What they share.

  private void applyProxyPod(String node, int generation) {
    lab.apply(
        PodTemplate.named(fill("%s/node-proxy-%s-%d", NAMESPACE, node, generation))
            .on(node)
            .serviceAccount("weft-node-proxy")
            .label("app", "weft-node-proxy")
            .build());
  }

  /** Deletes the pod of a generation whose process has ended. */
  public void deleteProxyPod(LabProcess ended) {
    String name = ended.name().substring("weft.".length());
    lab.delete(new ObjectKey("Pod", NAMESPACE, name));
    ended.forget();
  }

  /** What the token of a node proxy's pod says. */
  public TokenIssuer.Claims claims(Pod pod) {
    return new TokenIssuer.Claims(
        NAMESPACE,
        "weft-node-proxy",
        pod.node(),
        pod.manifest().name(),
        pod.uid(),
        TokenIssuer.CA_AUDIENCE,
        Instant.now().plusSeconds(TokenIssuer.LIFETIME_SECONDS));
  }

  private static int generation(Pod pod) {
    String name = pod.manifest().name();
    return Integer.parseInt(name.substring(name.lastIndexOf('-') + 1));
  }

  private static String processName(Pod pod) {
    return "weft." + pod.manifest().name();
  }

  private List<String> command(Program program, String node) {
    return settings.training() && node.equals(lab.nodes().getFirst())
        ? program.trainingCommand(files.repository(), files.training(program))
        : program.command(files.repository());
  }

  private static List<String> unprivileged(int user, List<String> program) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "setpriv",
                "--reuid=" + user,
                "--regid=" + user,
                "--clear-groups",
                "--bounding-set=-all",
                "--inh-caps=-all",
                "--no-new-privs"));
    command.addAll(program);
    return command;
  }

  private HttpMessage get(String address, int port, String path) {
    try {
      return HttpConnection.getOnce(
          lab.network(lab.nodes().getFirst()).namespace(), address, port, path, ADMIN_TIMEOUT);
    } catch (IOException e) {
      throw new UncheckedIOException(fill("%s of %s:%d", path, address, port), e);
    }
  }
}
