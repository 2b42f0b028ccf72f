package io.weftmesh.ca.server.pods;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.PodIP;
import io.weftmesh.policy.LabelSyntax;
import io.weftmesh.policy.OptIn;
import io.weftmesh.policy.compile.Subsets;
import io.weftmesh.policy.manifest.ManifestDirectory;
import io.weftmesh.policy.manifest.Manifests;
import io.weftmesh.policy.v1alpha1.TrafficShift;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Pods and their namespaces from a folder of YAML, followed as it is edited, and of TrafficShifts
 * which labels of pods they ask for. What is wrong in it is logged by the folder.
 */
public final class ManifestPods implements PodSource {
  private final ManifestDirectory<Item> folder;
  private final AskedLabels asked;
  private final List<Consumer<? super Pods>> listeners = new CopyOnWriteArrayList<>();
  private volatile Pods current = Pods.NONE;

  /** What is kept of an object. */
  private sealed interface Item {}

  private record NamespaceLabels(String name, Map<String, String> labels) implements Item {}

  /** A pod whose namespace's labels are not looked at yet. */
  private record Candidate(
      Pod pod, Map<String, String> labels, boolean hostNetwork, @Nullable String phase)
      implements Item {}

  /** The labels of pods that a shift in some namespace asks for. */
  private record Asking(String namespace, Set<String> keys) implements Item {}

  private ManifestPods(ManifestDirectory<Item> folder, InstantSource clock) {
    this.folder = folder;
    this.asked = new AskedLabels(clock);
  }

  /**
   * Reads the folder, then follows it until closed.
   *
   * @throws IOException if it cannot be listed
   */
  public static ManifestPods follow(
      Path path, ScheduledExecutorService scheduler, InstantSource clock) throws IOException {
    ManifestPods pods =
        new ManifestPods(
            ManifestDirectory.follow(
                path,
                Set.of(
                    Namespace.class, io.fabric8.kubernetes.api.model.Pod.class, TrafficShift.class),
                ManifestPods::reduce,
                scheduler),
            clock);
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

  private Pods fold(Manifests<Item> manifests) {
    Map<String, Map<String, String>> namespaces = new HashMap<>();
    manifests
        .values(NamespaceLabels.class)
        .forEach(namespace -> namespaces.put(namespace.name(), namespace.labels()));
    Map<String, Set<String>> askers = new HashMap<>();
    for (Asking asking : manifests.values(Asking.class)) {
      for (String key : asking.keys()) {
        askers.computeIfAbsent(key, added -> new HashSet<>()).add(asking.namespace());
      }
    }
    Set<String> told = asked.tell(askers);
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
          pod.with(verdict.in(), verdict == OptIn.Verdict.ENDED, only(told, candidate.labels())));
    }
    return new Pods(pods, told, manifests.complete());
  }

  private static Map<String, String> only(Set<String> keys, Map<String, String> labels) {
    if (keys.isEmpty()) {
      return Map.of();
    }
    Map<String, String> kept = new HashMap<>();
    for (String key : keys) {
      String value = labels.get(key);
      if (value != null) {
        kept.put(key, value);
      }
    }
    return kept;
  }

  private static Item reduce(HasMetadata object) {
    if (object instanceof TrafficShift shift) {
      return new Asking(
          orEmpty(shift.getMetadata().getNamespace()), Subsets.keysAskedFor(shift.getSpec()));
    }
    Map<String, String> labels = labels(object.getMetadata().getLabels());
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

  /** Which of them will be asked for is not known yet. Thousands of pods share most of them. */
  private static Map<String, String> labels(@Nullable Map<String, String> labels) {
    Map<String, String> kept = new HashMap<>();
    if (labels != null) {
      labels.forEach((key, value) -> {
        if (value != null && LabelSyntax.isKey(key) && LabelSyntax.isValue(value)) {
          kept.put(key.intern(), value.intern());
        }
      });
    }
    return Map.copyOf(kept);
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
