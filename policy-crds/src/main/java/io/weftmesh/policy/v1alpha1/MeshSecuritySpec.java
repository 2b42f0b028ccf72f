package io.weftmesh.policy.v1alpha1;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a {@link MeshSecurity} says. */
@ValidationRule(
    value = "has(self.mode) || has(self.ports) || has(self.withoutIdentity)",
    message = "say at least one of mode, ports and withoutIdentity")
public record MeshSecuritySpec(
    @JsonPropertyDescription(
            "The pods it holds for. Left out: all pods of the namespace, or of the whole mesh if"
                + " this object stands in the mesh's own namespace (weft-system). What is narrower"
                + " wins: pods over namespace over mesh.")
        @Nullable Selector selector,
    @JsonPropertyDescription(
            "STRICT: every connection must come with an identity, by mutual TLS from another node"
                + " or from a meshed pod of the same one; only the kubelet's probes that the pod"
                + " declares come without. PERMISSIVE: plaintext from outside the mesh is let in as"
                + " well. Where nothing is said: PERMISSIVE.")
        @Nullable Mode mode,
    @Size(min = 1, max = 64)
        @ValidationRule(
            value = "self.all(p, self.filter(q, q.port == p.port).size() == 1)",
            message = "a port must stand once only")
        @JsonPropertyDescription("Ports with a mode of their own, which wins over every mode.")
        @Nullable List<PortMode> ports,
    @JsonPropertyDescription(
            "What happens to the connections of a captured pod that has no identity yet, because"
                + " the ca cannot be reached. wait: they wait for ten seconds, then are reset."
                + " passthrough: they leave in plaintext. Where nothing is said: wait.")
        @Nullable WithoutIdentity withoutIdentity) {

  /** Which pods. */
  public record Selector(
      @Required
          @ValidationRule(
              value = "self.size() > 0",
              message = "leave the selector out to mean all pods")
          @JsonPropertyDescription("Labels that a pod must have, all of them.")
          @Nullable Map<String, String> matchLabels) {}

  /** What is asked of those who connect. */
  public enum Mode {
    PERMISSIVE,
    STRICT
  }

  /** The mode of one port. */
  public record PortMode(
      @Required
          @Min(1)
          @Max(65535)
          @JsonPropertyDescription("The pod's own port, not that of a Service before it.")
          @Nullable Integer port,
      @Required @JsonPropertyDescription("STRICT or PERMISSIVE.") @Nullable Mode mode) {}

  /** What happens to connections without an identity. */
  public enum WithoutIdentity {
    @JsonProperty("wait")
    WAIT,
    @JsonProperty("passthrough")
    PASSTHROUGH
  }
}
