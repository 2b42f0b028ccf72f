package io.weftmesh.ca.server.pods;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.PodIP;
import io.weftmesh.policy.OptIn;
import io.weftmesh.policy.manifest.ManifestDirectory;
import io.weftmesh.policy.manifest.Manifests;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Pods and their namespaces from a folder of YAML, followed as it is edited. What is wrong in it is
 * logged by the folder.
 */
public final class ManifestPods implements PodSource {
  private final ManifestDirectory<Item> folder;
  private final List<Consumer<? super Pods>> listeners = new CopyOnWriteArrayList<>();
  private volatile Pods current = Pods.NONE;

  /** What is kept of an object. */
  private sealed interface Item {}

  private record NamespaceLabels(String name, Map<String, String> labels) implements Item {}

  /** A pod whose namespace's labels are not looked at yet. */
  private record Candidate(
      Pod pod, Map<String, String> labels, boolean hostNetwork, @Nullable String phase)
      implements Item {}

  private ManifestPods(ManifestDirectory<Item> folder) {
    this.folder = folder;
  }

  /**
   * Reads the folder, then follows it until closed.
   *
   * @throws IOException if it cannot be listed
   */
  public static ManifestPods follow(Path path, ScheduledExecutorService scheduler)
      throws IOException {
    ManifestPods pods =
        new ManifestPods(
            ManifestDirectory.follow(
                path,
                Set.of(Namespace.class, io.fabric8.kubernetes.api.model.Pod.class),
                ManifestPods::reduce,
                scheduler));
    pods.folder.onChange(pods::take);
    return pods;
  }

  @Override
  public Pods current() {
    return current;
  }

  @Override
  public synchronized void onPods(Consumer<? super Pods> listener) {
    listeners.add(listener);
    listener.accept(current);
  }

  private synchronized void take(Manifests<Item> manifests) {
    current = fold(manifests);
    listeners.forEach(listener -> listener.accept(current));
  }

  private static Pods fold(Manifests<Item> manifests) {
    Map<String, Map<String, String>> namespaces = new HashMap<>();
    manifests
        .values(NamespaceLabels.class)
        .forEach(namespace -> namespaces.put(namespace.name(), namespace.labels()));
    List<Pod> pods = new ArrayList<>();
    for (Candidate candidate : manifests.values(Candidate.class)) {
      Pod pod = candidate.pod();
      OptIn.Verdict verdict =
          OptIn.judge(
              pod.namespace(),
              namespaces.getOrDefault(pod.namespace(), Map.of()),
              candidate.labels(),
              candidate.hostNetwork(),
              candidate.phase());
      pods.add(
          new Pod(
              pod.uid(),
              pod.namespace(),
              pod.name(),
              pod.serviceAccount(),
              pod.node(),
              pod.addresses(),
              verdict.in(),
              verdict == OptIn.Verdict.ENDED,
              pod.created()));
    }
    return new Pods(pods, manifests.complete());
  }

  private static Item reduce(HasMetadata object) {
    Map<String, String> labels = meshLabel(object.getMetadata().getLabels());
    if (!(object instanceof io.fabric8.kubernetes.api.model.Pod pod)) {
      return new NamespaceLabels(object.getMetadata().getName(), labels);
    }
    boolean hostNetwork =
        pod.getSpec() != null && Boolean.TRUE.equals(pod.getSpec().getHostNetwork());
    // Ten thousand pods share a few hundred of these names.
    Pod reduced =
        new Pod(
            uid(pod),
            pod.getMetadata().getNamespace().intern(),
            pod.getMetadata().getName(),
            serviceAccount(pod).intern(),
            pod.getSpec() == null ? "" : orEmpty(pod.getSpec().getNodeName()).intern(),
            hostNetwork ? List.of() : addresses(pod),
            false,
            false,
            created(pod));
    return new Candidate(reduced, labels, hostNetwork, phase(pod));
  }

  private static String uid(io.fabric8.kubernetes.api.model.Pod pod) {
    String uid = orEmpty(pod.getMetadata().getUid());
    if (uid.isEmpty()) {
      throw new IllegalArgumentException(
          "Pod " + pod.getMetadata().getName() + " has no metadata.uid, which names it for good");
    }
    return uid;
  }

  /** Thousands of pods have dozens of labels each, and one of them matters here. */
  private static Map<String, String> meshLabel(@Nullable Map<String, String> labels) {
    String value = labels == null ? null : labels.get(OptIn.LABEL);
    return value == null ? Map.of() : Map.of(OptIn.LABEL, value.intern());
  }

  private static @Nullable String phase(io.fabric8.kubernetes.api.model.Pod pod) {
    String phase = pod.getStatus() == null ? null : pod.getStatus().getPhase();
    return phase == null ? null : phase.intern();
  }

  private static String serviceAccount(io.fabric8.kubernetes.api.model.Pod pod) {
    String name = pod.getSpec() == null ? "" : orEmpty(pod.getSpec().getServiceAccountName());
    return name.isEmpty() ? "default" : name;
  }

  private static List<InetAddress> addresses(io.fabric8.kubernetes.api.model.Pod pod) {
    if (pod.getStatus() == null) {
      return List.of();
    }
    Set<String> texts = new LinkedHashSet<>();
    texts.add(orEmpty(pod.getStatus().getPodIP()));
    for (PodIP ip : pod.getStatus().getPodIPs()) {
      texts.add(orEmpty(ip.getIp()));
    }
    texts.remove("");
    return texts.stream().map(text -> address(pod, text)).toList();
  }

  private static InetAddress address(io.fabric8.kubernetes.api.model.Pod pod, String text) {
    try {
      return InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "Pod "
              + pod.getMetadata().getName()
              + " has address \""
              + text
              + "\", expected an IP address",
          e);
    }
  }

  private static Instant created(io.fabric8.kubernetes.api.model.Pod pod) {
    String text = pod.getMetadata().getCreationTimestamp();
    try {
      return text == null ? Instant.EPOCH : Instant.parse(text);
    } catch (DateTimeException e) {
      throw new IllegalArgumentException(
          "Pod "
              + pod.getMetadata().getName()
              + " has creationTimestamp \""
              + text
              + "\", expected a time like 2026-01-31T12:00:00Z",
          e);
    }
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }

  @Override
  public void close() {
    folder.close();
  }
}
