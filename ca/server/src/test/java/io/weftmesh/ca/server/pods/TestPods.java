package io.weftmesh.ca.server.pods;

import java.net.InetAddress;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Pods that a test puts together. */
public final class TestPods implements PodSource {
  private final Map<String, Pod> pods = new TreeMap<>();
  private Set<String> labelKeys = Set.of();
  private boolean complete = true;

  /** An opted-in pod of namespace shop. */
  public TestPods add(String uid, String serviceAccount, String node, String... addresses) {
    return put(pod(uid, "shop", serviceAccount, node, true, addresses));
  }

  /** The pod of a node proxy, which is never opted in. */
  public TestPods addProxy(String node) {
    return put(pod("proxy-" + node, "weft-system", "weft-node-proxy", node, false));
  }

  public TestPods put(Pod pod) {
    pods.put(pod.uid(), pod);
    return this;
  }

  public static Pod pod(
      String uid,
      String namespace,
      String serviceAccount,
      String node,
      boolean optedIn,
      String... addresses) {
    return new Pod(
        uid,
        namespace,
        uid,
        serviceAccount,
        node,
        List.of(addresses).stream().map(InetAddress::ofLiteral).toList(),
        optedIn,
        false,
        Instant.EPOCH);
  }

  public TestPods remove(String uid) {
    pods.remove(uid);
    return this;
  }

  public TestPods optIn(String uid, boolean optedIn) {
    return change(
        uid,
        p ->
            new Pod(
                p.uid(),
                p.namespace(),
                p.name(),
                p.serviceAccount(),
                p.node(),
                p.addresses(),
                optedIn,
                p.ended(),
                p.created(),
                p.labels()));
  }

  public TestPods end(String uid) {
    return change(
        uid,
        p ->
            new Pod(
                p.uid(),
                p.namespace(),
                p.name(),
                p.serviceAccount(),
                p.node(),
                p.addresses(),
                false,
                true,
                p.created(),
                p.labels()));
  }

  public TestPods created(String uid, Instant when) {
    return change(
        uid,
        p ->
            new Pod(
                p.uid(),
                p.namespace(),
                p.name(),
                p.serviceAccount(),
                p.node(),
                p.addresses(),
                p.optedIn(),
                p.ended(),
                when,
                p.labels()));
  }

  /** Somebody asks for labels of these keys; what pods have of them is given to {@link #labels}. */
  public TestPods ask(String... keys) {
    labelKeys = Set.of(keys);
    return this;
  }

  public TestPods labels(String uid, Map<String, String> labels) {
    return change(uid, p -> p.with(p.optedIn(), p.ended(), labels));
  }

  private TestPods change(String uid, UnaryOperator<Pod> change) {
    @Nullable Pod pod = pods.get(uid);
    if (pod == null) {
      throw new AssertionError("no pod " + uid);
    }
    pods.put(uid, change.apply(pod));
    return this;
  }

  public TestPods complete(boolean now) {
    complete = now;
    return this;
  }

  @Override
  public Pods current() {
    return new Pods(pods.values(), labelKeys, complete);
  }

  @Override
  public void onPods(Consumer<? super Pods> listener) {
    listener.accept(current());
  }

  @Override
  public void close() {}
}
