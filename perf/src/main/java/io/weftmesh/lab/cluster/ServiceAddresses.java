package io.weftmesh.lab.cluster;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.network.KubeProxy.Forward;
import io.weftmesh.lab.network.KubeProxy.Target;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What follows from Services and EndpointSlices for names and for the nodes' forwarding. */
public final class ServiceAddresses {
  private ServiceAddresses() {}

  /** The text of {@code /etc/hosts} in all pods, in place of a DNS server. */
  public static String hosts(ManifestFolder manifests) {
    StringBuilder hosts = new StringBuilder("127.0.0.1 localhost\n::1 localhost\n");
    for (Manifest service : manifests.all("Service")) {
      String name = service.name() + "." + service.namespace();
      for (String address : service.texts("spec", "clusterIPs")) {
        hosts.append(fill("%s %s %s.svc %s.svc.cluster.local\n", address, name, name, name));
      }
    }
    return hosts.toString();
  }

  /** Where each port of each ClusterIP leads now. */
  public static List<Forward> forwards(ManifestFolder manifests) {
    List<Forward> forwards = new ArrayList<>();
    for (Manifest service : manifests.all("Service")) {
      for (String address : service.texts("spec", "clusterIPs")) {
        String family = address.indexOf(':') >= 0 ? "IPv6" : "IPv4";
        for (Manifest port : service.parts("spec", "ports")) {
          forwards.add(
              new Forward(
                  address,
                  Integer.parseInt(port.text("port").orElseThrow()),
                  port.text("protocol").orElse("TCP"),
                  List.copyOf(targets(manifests, service, port, family))));
        }
      }
    }
    return forwards;
  }

  private static Set<Target> targets(
      ManifestFolder manifests, Manifest service, Manifest port, String family) {
    Set<Target> targets = new LinkedHashSet<>();
    for (Manifest slice : manifests.all("EndpointSlice")) {
      if (slice.namespace().equals(service.namespace())
          && slice.text("addressType").orElse("").equals(family)
          && service
              .name()
              .equals(slice.textMap("metadata", "labels").get(Controllers.SERVICE_NAME))) {
        slice.parts("ports").stream()
            .filter(slicePort -> portName(slicePort).equals(portName(port)))
            .map(slicePort -> Integer.parseInt(slicePort.text("port").orElseThrow()))
            .forEach(number -> targets.addAll(ready(slice, number)));
      }
    }
    return targets;
  }

  private static String portName(Manifest port) {
    return port.text("name").orElse("");
  }

  private static List<Target> ready(Manifest slice, int port) {
    return slice.parts("endpoints").stream()
        .filter(endpoint -> !endpoint.text("conditions", "ready").orElse("true").equals("false"))
        .map(endpoint -> new Target(endpoint.texts("addresses").getFirst(), port))
        .toList();
  }
}
