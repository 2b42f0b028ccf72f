package io.weftmesh.policy.model;

import java.util.Map;
import java.util.Optional;

/**
 * What one object says.
 *
 * @param selector labels that a pod must have; empty is every pod of the scope
 */
public record SecurityRule(
    Map<String, String> selector,
    Optional<InboundMode> mode,
    Map<Integer, InboundMode> ports,
    Optional<WithoutIdentity> withoutIdentity) {

  public SecurityRule {
    selector = Map.copyOf(selector);
    ports = Map.copyOf(ports);
  }

  boolean isForAll() {
    return selector.isEmpty();
  }

  boolean isStrictAt(int port) {
    InboundMode own = ports.get(port);
    return (own == null ? mode.orElse(null) : own) == InboundMode.STRICT;
  }

  boolean selects(Map<String, String> labels) {
    return selector.entrySet().stream()
        .allMatch(wanted -> wanted.getValue().equals(labels.get(wanted.getKey())));
  }
}
