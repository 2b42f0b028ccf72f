package io.weftmesh.policy.compile;

import io.weftmesh.policy.model.Protocol;
import io.weftmesh.policy.model.ServiceKey;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What has to be known of a Service to route to or from it.
 *
 * @param ports its TCP ports
 * @param portsByName those of them that have a name
 * @param declared what ports say that they speak; nothing is {@link Protocol#AUTO}
 */
public record ServiceShape(
    Type type,
    Set<Integer> ports,
    Map<String, Integer> portsByName,
    Map<Integer, Protocol> declared) {

  public ServiceShape {
    ports = Set.copyOf(ports);
    portsByName = Map.copyOf(portsByName);
    declared = Map.copyOf(declared);
  }

  /** A Service whose ports say nothing of what they speak. */
  public ServiceShape(Type type, Set<Integer> ports, Map<String, Integer> portsByName) {
    this(type, ports, portsByName, Map.of());
  }

  /** Whether no HTTP is looked for at a port, so that routes of requests would never hold. */
  boolean isOpaque(int port) {
    Protocol protocol = declared(port);
    return protocol == Protocol.TCP || protocol == Protocol.TLS;
  }

  Protocol declared(int port) {
    return declared.getOrDefault(port, Protocol.AUTO);
  }

  /** A Service whose ports have no names. */
  public ServiceShape(Type type, Set<Integer> ports) {
    this(type, ports, Map.of());
  }

  /** {@code 80, 443}. */
  String portsText() {
    return ports.isEmpty()
        ? "none"
        : ports.stream().sorted().map(String::valueOf).collect(Collectors.joining(", "));
  }

  /** Whether a Service has an address of its own. */
  public enum Type {
    CLUSTER_IP("has a cluster address"),
    HEADLESS("is headless: clients connect to its pods directly"),
    EXTERNAL_NAME("is an ExternalName: it leaves the cluster");

    private final String text;

    Type(String text) {
      this.text = text;
    }

    String text() {
      return text;
    }
  }

  /** Where Services are looked up. */
  @FunctionalInterface
  public interface Lookup {
    /** Null if there is no such Service. */
    @Nullable ServiceShape find(ServiceKey service);
  }
}
