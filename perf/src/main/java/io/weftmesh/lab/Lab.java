package io.weftmesh.lab;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.cluster.Controllers;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.ManifestFolder;
import io.weftmesh.lab.cluster.ObjectKey;
import io.weftmesh.lab.cluster.PodTemplate;
import io.weftmesh.lab.cluster.ServiceAddresses;
import io.weftmesh.lab.host.Command;
import io.weftmesh.lab.host.LabFolder;
import io.weftmesh.lab.host.LabProcess;
import io.weftmesh.lab.host.Launch;
import io.weftmesh.lab.host.Parallel;
import io.weftmesh.lab.network.KubeProxy;
import io.weftmesh.lab.network.NodeNetwork;
import io.weftmesh.lab.network.Underlay;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A small cluster on this machine: nodes and pods are network namespaces, pods' containers are
 * processes, and its objects are a folder of YAML. Nothing of it is in the machine's own network.
 *
 * <p>Not safe for use by two threads at once, except where a method says so.
 */
public final class Lab implements AutoCloseable {
  private final LabFolder folder;
  private final Launch launch;
  private final ManifestFolder manifests;
  private final Controllers controllers;
  private final Underlay underlay;
  private final Map<String, NodeNetwork> networks = new LinkedHashMap<>();
  private final Map<String, Kubelet> kubelets = new LinkedHashMap<>();
  private final Map<String, KubeProxy> kubeProxies = new LinkedHashMap<>();

  private Lab(LabFolder folder, Underlay underlay, List<NodeNetwork> nodes) {
    this.folder = folder;
    this.launch = new Launch(folder.pids(), folder.logs());
    this.manifests =
        new ManifestFolder(folder.manifests(), folder.path().resolve("manifest.being-written"));
    this.underlay = underlay;
    for (NodeNetwork network : nodes) {
      String node = nodeName(network.number());
      networks.put(node, network);
      kubelets.put(node, new Kubelet(folder, launch, node, network));
      kubeProxies.put(node, new KubeProxy(network.namespace()));
    }
    this.controllers = new Controllers(manifests, List.copyOf(networks.keySet()));
  }

  /** A lab that ends with this JVM, however that ends. */
  public static Lab create(String name, int nodes) {
    LabFolder folder = LabFolder.createOwned(name);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(() -> LabFolder.find(name).ifPresent(LabFolder::remove), "remove-" + name));
    return build(folder, nodes);
  }

  /** A lab that stays until {@link #close} of an attached one. */
  public static Lab createDetached(String name, int nodes) {
    return build(LabFolder.createDetached(name), nodes);
  }

  /**
   * The lab of this name, made by another JVM.
   *
   * @throws IllegalStateException when there is none
   */
  public static Lab attach(String name) {
    LabFolder folder =
        LabFolder.find(name)
            .orElseThrow(() -> new IllegalStateException("there is no lab named " + name));
    return new Lab(
        folder,
        Underlay.at(folder.namespaces().resolve("underlay")),
        IntStream.iterate(
                1, i -> Files.exists(folder.namespaces().resolve(nodeName(i))), i -> i + 1)
            .mapToObj(i -> NodeNetwork.at(i, folder.namespaces().resolve(nodeName(i))))
            .toList());
  }

  private static Lab build(LabFolder folder, int nodes) {
    try {
      // A mount of its own, so that a process can leave all of the lab's mounts at once.
      Command.of("mount", "--bind", folder.path().toString(), folder.path().toString()).run();
      Command.of("mount", "--make-private", folder.path().toString()).run();
      Files.createFile(folder.hosts());
      Underlay underlay = Underlay.create(folder.namespaces().resolve("underlay"));
      List<NodeNetwork> networks =
          IntStream.rangeClosed(1, nodes)
              .mapToObj(
                  i -> NodeNetwork.create(i, folder.namespaces().resolve(nodeName(i)), underlay))
              .toList();
      for (NodeNetwork from : networks) {
        networks.stream().filter(to -> to != from).forEach(from::routeTo);
        Files.createDirectories(folder.podNamespaces(nodeName(from.number())));
      }
      Lab lab = new Lab(folder, underlay, networks);
      lab.syncServices();
      return lab;
    } catch (IOException | RuntimeException e) {
      folder.remove();
      throw e instanceof IOException io ? new UncheckedIOException(io) : (RuntimeException) e;
    }
  }

  private static String nodeName(int number) {
    return "node-" + number;
  }

  public String name() {
    return folder.name();
  }

  public LabFolder folder() {
    return folder;
  }

  public Launch launch() {
    return launch;
  }

  public List<String> nodes() {
    return List.copyOf(networks.keySet());
  }

  /** The node's namespace, from which the kubelet probes. */
  public NodeNetwork network(String node) {
    return ofNode(networks, node);
  }

  /** The network between the nodes. */
  public Underlay underlay() {
    return underlay;
  }

  public ManifestFolder manifests() {
    return manifests;
  }

  /** Puts objects in force, new or changed; returns when new pods are ready and can be reached. */
  public void apply(Manifest... objects) {
    apply(Arrays.asList(objects));
  }

  public void apply(List<Manifest> objects) {
    List<Manifest> newPods = new ArrayList<>();
    for (Manifest object : objects) {
      Manifest complete = controllers.complete(object);
      if (complete.kind().equals("Pod") && !kubelet(complete).runs(complete)) {
        newPods.add(complete);
      } else {
        manifests.put(complete);
      }
    }
    // As in a cluster, a pod's address is not known before its namespace is there.
    Parallel.forEach(newPods, pod -> kubelet(pod).startSandbox(pod));
    newPods.forEach(manifests::put);
    Parallel.forEach(newPods, pod -> kubelet(pod).startContainers(pod));
    newPods.forEach(pod -> manifests.put(PodTemplate.running(pod, true)));
    syncServices();
  }

  /** The key of {@code object} once it is applied: in a namespace, where it names none. */
  public ObjectKey keyOf(Manifest object) {
    return controllers.place(object).key();
  }

  /** Deletes objects; the processes of pods are killed after these have left their Services. */
  public void delete(ObjectKey... keys) {
    delete(Arrays.asList(keys));
  }

  public void delete(List<ObjectKey> keys) {
    List<Manifest> pods =
        keys.stream().map(this::existing).filter(o -> o.kind().equals("Pod")).toList();
    pods.forEach(pod -> manifests.put(PodTemplate.running(pod, false)));
    syncServices();
    kubelets.values().forEach(k -> k.stop(pods.stream().filter(k::runs).toList()));
    keys.forEach(manifests::remove);
    syncServices();
  }

  private Manifest existing(ObjectKey key) {
    return manifests
        .find(key)
        .orElseThrow(() -> new IllegalArgumentException("there is no " + key));
  }

  /**
   * The pod of this name.
   *
   * @param place {@code namespace/name}
   */
  public Pod pod(String place) {
    int slash = place.indexOf('/');
    ObjectKey key = new ObjectKey("Pod", place.substring(0, slash), place.substring(slash + 1));
    Manifest manifest =
        manifests
            .find(key)
            .orElseThrow(() ->
                new IllegalArgumentException(
                    fill("there is no pod %s; there are: %s", place, pods())));
    return kubelet(manifest).pod(manifest);
  }

  /**
   * The ClusterIP of a Service.
   *
   * @param place {@code namespace/name}
   */
  public String service(String place) {
    int slash = place.indexOf('/');
    return manifests
        .find(new ObjectKey("Service", place.substring(0, slash), place.substring(slash + 1)))
        .flatMap(service -> service.text("spec", "clusterIP"))
        .orElseThrow(() -> new IllegalArgumentException("no Service with an address: " + place));
  }

  public List<Pod> pods() {
    return manifests.all("Pod").stream().map(pod -> kubelet(pod).pod(pod)).toList();
  }

  /** The processes of a pod's containers. */
  public List<LabProcess> processes(Pod pod) {
    return kubelet(pod.manifest()).containers(pod.manifest());
  }

  /** Starts a pod's containers again after their processes have ended. */
  public void restartContainers(Pod pod) {
    kubelet(pod.manifest()).startContainers(pod.manifest());
  }

  /** Sets whether a pod is ready, as a readiness probe would. */
  public void setReady(Pod pod, boolean ready) {
    Manifest current = manifests.find(pod.manifest().key()).orElseThrow();
    manifests.put(PodTemplate.running(current, ready));
    syncServices();
  }

  private void syncServices() {
    controllers.syncEndpointSlices();
    List<KubeProxy.Forward> forwards = ServiceAddresses.forwards(manifests);
    kubeProxies.values().forEach(proxy -> proxy.sync(forwards));
    try {
      // In place: the running processes have this very file as their /etc/hosts.
      Files.writeString(folder.hosts(), ServiceAddresses.hosts(manifests));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Kubelet kubelet(Manifest pod) {
    return ofNode(kubelets, pod.text("spec", "nodeName").orElseThrow());
  }

  private static <T> T ofNode(Map<String, T> all, String node) {
    T found = all.get(node);
    if (found == null) {
      throw new IllegalArgumentException(fill("there is no node %s, only %s", node, all.keySet()));
    }
    return found;
  }

  /** Ends all processes of the lab and removes everything that it made. */
  @Override
  public void close() {
    folder.remove();
  }
}
