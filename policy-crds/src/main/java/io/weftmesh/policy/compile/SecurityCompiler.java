package io.weftmesh.policy.compile;

import io.weftmesh.policy.OptIn;
import io.weftmesh.policy.model.InboundMode;
import io.weftmesh.policy.model.SecurityRule;
import io.weftmesh.policy.model.SecurityRules;
import io.weftmesh.policy.model.WithoutIdentity;
import io.weftmesh.policy.v1alpha1.MeshSecuritySpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code MeshSecurity} objects to rules. An object that is unfit is STRICT for all it may mean. */
final class SecurityCompiler {
  private static final String CONSEQUENCE =
      "until it is corrected, all pods that it may be about are STRICT";

  private SecurityCompiler() {}

  static SecurityRules compile(List<Written<MeshSecuritySpec>> objects, Set<Problem> problems) {
    List<SecurityRule> mesh = new ArrayList<>();
    Map<String, List<SecurityRule>> byNamespace = new HashMap<>();
    for (Written<MeshSecuritySpec> object : objects) {
      SecurityRule rule = rule(object, new Findings(object, problems, CONSEQUENCE));
      if (object.namespace().equals(OptIn.MESH_NAMESPACE)) {
        mesh.add(rule);
      } else {
        byNamespace.computeIfAbsent(object.namespace(), n -> new ArrayList<>()).add(rule);
      }
    }
    return new SecurityRules(mesh, byNamespace);
  }

  private static SecurityRule rule(Written<MeshSecuritySpec> object, Findings findings) {
    MeshSecuritySpec spec = object.spec();
    if (spec == null) {
      findings.invalid("spec", "is missing");
      return strict(Map.of());
    }
    Map<String, String> selector = Selectors.read(spec.selector(), findings);
    Map<Integer, InboundMode> ports = ports(spec.ports(), findings);
    if (spec.mode() == null && ports.isEmpty() && spec.withoutIdentity() == null) {
      findings.invalid("spec", "says nothing, expected mode, ports or withoutIdentity");
    }
    if (findings.isInvalid()) {
      return strict(selector);
    }
    return new SecurityRule(
        selector,
        Optional.ofNullable(spec.mode()).map(SecurityCompiler::mode),
        ports,
        Optional.ofNullable(spec.withoutIdentity()).map(SecurityCompiler::withoutIdentity));
  }

  private static SecurityRule strict(Map<String, String> selector) {
    return new SecurityRule(
        selector, Optional.of(InboundMode.STRICT), Map.of(), Optional.of(WithoutIdentity.WAIT));
  }

  private static Map<Integer, InboundMode> ports(
      @Nullable List<MeshSecuritySpec.PortMode> written, Findings findings) {
    Map<Integer, InboundMode> ports = new HashMap<>();
    if (written == null) {
      return ports;
    }
    for (int i = 0; i < written.size(); i++) {
      String field = "spec.ports[" + i + "]";
      MeshSecuritySpec.PortMode entry = written.get(i);
      if (entry == null || entry.port() == null || entry.mode() == null) {
        findings.invalid(field, "lacks its port or its mode");
        continue;
      }
      Integer port = findings.within(field + ".port", entry.port(), 1, 65_535);
      if (port != null && ports.put(port, mode(entry.mode())) != null) {
        findings.invalid(field + ".port", "is " + port + ", which stands there twice");
      }
    }
    return ports;
  }

  private static InboundMode mode(MeshSecuritySpec.Mode mode) {
    return switch (mode) {
      case PERMISSIVE -> InboundMode.PERMISSIVE;
      case STRICT -> InboundMode.STRICT;
    };
  }

  private static WithoutIdentity withoutIdentity(MeshSecuritySpec.WithoutIdentity written) {
    return switch (written) {
      case WAIT -> WithoutIdentity.WAIT;
      case PASSTHROUGH -> WithoutIdentity.PASSTHROUGH;
    };
  }
}
