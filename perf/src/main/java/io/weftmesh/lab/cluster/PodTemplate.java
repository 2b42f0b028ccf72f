package io.weftmesh.lab.cluster;

import static io.weftmesh.lab.host.Template.fill;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes a Pod manifest. */
public final class PodTemplate {
  /** The lab's own test application, see {@code io.weftmesh.lab.app}. */
  public static final String APP_IMAGE = "lab/app";

  /** Any program of the machine. */
  public static final String HOST_IMAGE = "lab/host";

  private Manifest pod;
  private final Map<String, String> labels = new LinkedHashMap<>();
  private final List<Map<String, Object>> containers = new ArrayList<>();

  private PodTemplate(String namespace, String name) {
    this.pod =
        Manifest.parse(
            fill(
                """
                apiVersion: v1
                kind: Pod
                metadata:
                  name: %s
                  namespace: %s
                """,
                name, namespace));
  }

  /**
   * Begins a pod.
   *
   * @param place {@code namespace/name}
   */
  public static PodTemplate named(String place) {
    int slash = place.indexOf('/');
    if (slash < 0) {
      throw new IllegalArgumentException(place + " is not of the form namespace/name");
    }
    return new PodTemplate(place.substring(0, slash), place.substring(slash + 1));
  }

  public PodTemplate on(String node) {
    pod = pod.with(node, "spec", "nodeName");
    return this;
  }

  public PodTemplate label(String name, String value) {
    labels.put(name, value);
    return this;
  }

  public PodTemplate annotation(String name, String value) {
    Map<String, Object> annotations = new LinkedHashMap<>(pod.textMap("metadata", "annotations"));
    annotations.put(name, value);
    pod = pod.with(annotations, "metadata", "annotations");
    return this;
  }

  public PodTemplate serviceAccount(String name) {
    pod = pod.with(name, "spec", "serviceAccountName");
    return this;
  }

  /** A given address instead of the next free one; must be in the node's range. */
  public PodTemplate address(String address, String address6) {
    pod =
        pod.with("Pending", "status", "phase")
            .with(address, "status", "podIP")
            .with(List.of(Map.of("ip", address), Map.of("ip", address6)), "status", "podIPs");
    return this;
  }

  /**
   * Runs the test application.
   *
   * @param arguments such as {@code --http=8080}
   */
  public PodTemplate app(List<String> arguments) {
    List<Map<String, Object>> ports = new ArrayList<>();
    for (String argument : arguments) {
      String value = argument.substring(argument.indexOf('=') + 1);
      if (argument.matches("--(http|grpc|echo|banner|transfer|discard)=\\d+")) {
        ports.add(Map.of("containerPort", Integer.parseInt(value)));
      }
    }
    Map<String, Object> container = container("app", APP_IMAGE);
    container.put("args", List.copyOf(arguments));
    container.put("ports", ports);
    return this;
  }

  /** Runs a program of the machine. */
  public PodTemplate program(String name, List<String> command) {
    container(name, HOST_IMAGE).put("command", List.copyOf(command));
    return this;
  }

  public Manifest build() {
    Manifest built = labels.isEmpty() ? pod : pod.with(Map.copyOf(labels), "metadata", "labels");
    return containers.isEmpty() ? built : built.with(List.copyOf(containers), "spec", "containers");
  }

  private Map<String, Object> container(String name, String image) {
    Map<String, Object> container = new LinkedHashMap<>();
    container.put("name", name);
    container.put("image", image);
    containers.add(container);
    return container;
  }

  /** The same pod, running, and ready or not. */
  public static Manifest running(Manifest pod, boolean ready) {
    Map<String, Object> condition = new LinkedHashMap<>();
    condition.put("type", "Ready");
    condition.put("status", ready ? "True" : "False");
    return pod.with("Running", "status", "phase").with(List.of(condition), "status", "conditions");
  }

  static boolean isReady(Manifest pod) {
    return pod.parts("status", "conditions").stream()
        .anyMatch(condition ->
            condition.text("type").orElse("").equals("Ready")
                && condition.text("status").orElse("").equals("True"));
  }
}
