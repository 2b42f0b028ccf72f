package io.weftmesh.lab.cluster;

import static io.weftmesh.lab.host.Template.fill;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes a Service manifest. */
public final class ServiceTemplate {
  private Manifest service;
  private final List<Map<String, Object>> ports = new ArrayList<>();

  private ServiceTemplate(String namespace, String name) {
    this.service =
        Manifest.parse(
            fill(
                """
                apiVersion: v1
                kind: Service
                metadata:
                  name: %s
                  namespace: %s
                """,
                name, namespace));
  }

  /**
   * Begins a Service.
   *
   * @param place {@code namespace/name}
   */
  public static ServiceTemplate named(String place) {
    int slash = place.indexOf('/');
    if (slash < 0) {
      throw new IllegalArgumentException(place + " is not of the form namespace/name");
    }
    return new ServiceTemplate(place.substring(0, slash), place.substring(slash + 1));
  }

  /** Selects pods by one label; without any, the Service's EndpointSlices are written by hand. */
  public ServiceTemplate selecting(String label, String value) {
    Map<String, Object> selector = new LinkedHashMap<>(service.textMap("spec", "selector"));
    selector.put(label, value);
    service = service.with(selector, "spec", "selector");
    return this;
  }

  /**
   * Adds a port.
   *
   * @param name also says the protocol by its prefix, such as {@code http-web}; any other name
   *     leaves it to detection
   */
  public ServiceTemplate port(String name, int port, int targetPort) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("name", name);
    entry.put("port", port);
    entry.put("targetPort", targetPort);
    entry.put("protocol", "TCP");
    ports.add(entry);
    return this;
  }

  /** An address of IPv6 beside the one of IPv4. */
  public ServiceTemplate dualStack() {
    service = service.with("PreferDualStack", "spec", "ipFamilyPolicy");
    return this;
  }

  public ServiceTemplate headless() {
    service = service.with("None", "spec", "clusterIP");
    return this;
  }

  public Manifest build() {
    return service.with(List.copyOf(ports), "spec", "ports");
  }
}
