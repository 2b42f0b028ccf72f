package io.weftmesh.proxy.cluster;

import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.proxy.cluster.ClusterObject.NamespaceObject;
import io.weftmesh.proxy.cluster.ClusterObject.PodObject;
import io.weftmesh.proxy.cluster.ClusterObject.ServiceObject;
import io.weftmesh.proxy.cluster.ClusterObject.SliceObject;
import io.weftmesh.proxy.routing.Exclusions;
import io.weftmesh.proxy.routing.IpFamily;
import io.weftmesh.proxy.routing.PodBounds;
import io.weftmesh.proxy.routing.PodLabels;
import io.weftmesh.proxy.routing.Snapshot;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * How large a large cluster is on a node, and how long a change takes to fold: 10,000 Services,
 * 100,000 endpoints on 5,000 nodes, 110 pods on this one. To be run by hand, with the flags of the
 * node proxy: {@code java -XX:+UseSerialGC -XX:+UseCompactObjectHeaders -Xmx512m}.
 */
final class SnapshotScale {
  private static final int SERVICES = 10_000;
  private static final int ENDPOINTS_EACH = 10;
  private static final int NODES = 5_000;
  private static final int LOCAL_PODS = 110;

  private SnapshotScale() {}

  public static void main(String... args) throws UnknownHostException {
    long empty = usedBytes();
    List<ClusterObject> objects = objects();
    long reduced = usedBytes();
    SnapshotFold fold = new SnapshotFold("node-0", PodLabels.NONE);
    long started = System.nanoTime();
    Snapshot snapshot = fold.fold(objects).snapshot();
    long first = System.nanoTime() - started;
    long folded = usedBytes();
    System.out.println(snapshot);
    System.out.printf("reduced objects  %6.1f MB%n", (reduced - empty) / 1e6);
    System.out.printf("snapshot on top  %6.1f MB%n", (folded - reduced) / 1e6);
    System.out.printf("first fold       %6.0f ms%n", first / 1e6);

    List<Long> later = new ArrayList<>();
    for (int round = 0; round < 20; round++) {
      objects.set(SERVICES + 1, slice(0, 100 + round));
      started = System.nanoTime();
      snapshot = fold.fold(objects).snapshot();
      later.add(System.nanoTime() - started);
    }
    Collections.sort(later);
    System.out.printf("later fold, p50  %6.0f ms%n", later.get(10) / 1e6);
    System.out.printf("after 20 folds   %6.1f MB in all%n", (usedBytes() - empty) / 1e6);
    System.out.println(snapshot);
  }

  private static List<ClusterObject> objects() throws UnknownHostException {
    List<ClusterObject> objects = new ArrayList<>();
    objects.add(new NamespaceObject("shop", Map.of("weftmesh.io/mesh", "enabled")));
    for (int i = 0; i < SERVICES; i++) {
      objects.add(
          new ServiceObject(
              service(i),
              List.of(InetAddress.getByAddress(new byte[] {10, 96, (byte) (i >> 8), (byte) i})),
              false,
              false,
              Duration.ZERO,
              List.of(new ServiceObject.Port(80, "http", null))));
    }
    for (int i = 0; i < SERVICES; i++) {
      objects.add(slice(i, i * ENDPOINTS_EACH));
    }
    for (int i = 0; i < LOCAL_PODS; i++) {
      objects.add(
          new PodObject(
              UUID.randomUUID().toString(),
              "shop",
              "pod-" + i,
              "pod",
              "default",
              "node-0",
              "Running",
              false,
              List.of(InetAddress.getByAddress(new byte[] {10, (byte) 200, 0, (byte) i})),
              Map.of("app", "pod"),
              Exclusions.NONE,
              List.of(),
              PodBounds.DEFAULT));
    }
    return objects;
  }

  private static ServiceKey service(int number) {
    return new ServiceKey("shop", "service-" + number);
  }

  private static SliceObject slice(int service, int firstEndpoint) throws UnknownHostException {
    List<SliceObject.Place> places = new ArrayList<>();
    for (int i = firstEndpoint; i < firstEndpoint + ENDPOINTS_EACH; i++) {
      places.add(
          new SliceObject.Place(
              InetAddress.getByAddress(
                  new byte[] {10, (byte) (1 + (i >> 16)), (byte) (i >> 8), (byte) i}),
              UUID.randomUUID().toString(),
              ("node-" + i % NODES).intern(),
              ("zone-" + i % 3).intern(),
              true,
              true,
              false,
              List.of(),
              List.of()));
    }
    return new SliceObject(
        service(service), IpFamily.IPV4, Map.of("http", 8080), List.copyOf(places));
  }

  private static long usedBytes() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }
}
