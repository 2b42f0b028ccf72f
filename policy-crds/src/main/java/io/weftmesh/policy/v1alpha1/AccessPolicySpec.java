package io.weftmesh.policy.v1alpha1;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What an {@link AccessPolicy} says. */
public record AccessPolicySpec(
    @JsonPropertyDescription(
            "The pods that are called. Left out: all pods of the namespace, or of the whole mesh if"
                + " this object stands in the mesh's own namespace (weft-system).")
        MeshSecuritySpec.@Nullable Selector selector,
    @Required
        @JsonPropertyDescription(
            "Allow: who meets a rule may call, and once a pod has any Allow, nobody else may. Deny:"
                + " who meets a rule may not call, whatever is allowed elsewhere.")
        @Nullable Action action,
    @JsonPropertyDescription(
            "Only counts and logs what it would deny. Default: false, which is to enforce it.")
        @Nullable Boolean dryRun,
    @Required
        @Size(min = 1, max = 64)
        @JsonPropertyDescription(
            "Any of them is enough; within a rule, all that is said must be met. {} is met by"
                + " everything.")
        @Nullable List<Rule> rules) {

  /** What happens to those who meet a rule. */
  public enum Action {
    @JsonProperty("Allow")
    ALLOW,
    @JsonProperty("Deny")
    DENY
  }

  /** One rule. */
  public record Rule(
      @Size(min = 1, max = 64)
          @JsonPropertyDescription(
              "Who calls; any of them. Left out: everybody, also those without an identity.")
          @Nullable List<From> from,
      @Size(min = 1, max = 64)
          @ValidationRule(
              value = "self.all(p, p >= 1 && p <= 65535)",
              message = "ports are between 1 and 65535")
          @JsonPropertyDescription(
              "The pod's own ports, not those of a Service before it. Left out: all.")
          @Nullable List<Integer> ports,
      @Size(min = 1, max = 64)
          @JsonPropertyDescription(
              "What is asked for; any of them. Where it cannot be told (the connection does not"
                  + " speak HTTP, or the path is written in a way that the application might read"
                  + " differently, such as /a/../b or /%61), an Allow is not met and a Deny is.")
          @Nullable List<Http> http) {}

  /** A caller. */
  @ValidationRule(
      value =
          "has(self.identity) ? !has(self.__namespace__) && !has(self.serviceAccount)"
              + " : has(self.__namespace__)",
      message = "say either identity, or namespace with or without serviceAccount")
  public record From(
      @Size(min = 1, max = 2048)
          @Pattern("^spiffe://.+$")
          @JsonPropertyDescription("A SPIFFE ID: spiffe://cluster.local/ns/shop/sa/web.")
          @Nullable String identity,
      @Size(min = 1, max = 63)
          @Pattern(Patterns.DNS_LABEL)
          @JsonPropertyDescription("The namespace of the caller.")
          @Nullable String namespace,
      @Size(min = 1, max = 253)
          @JsonPropertyDescription("The service account of the caller. Left out: any.")
          @Nullable String serviceAccount) {}

  /** A kind of request. */
  @ValidationRule(
      value = "has(self.methods) || has(self.path) || has(self.headers)",
      message = "say at least one of methods, path and headers")
  public record Http(
      @Size(min = 1, max = 16)
          @JsonPropertyDescription("Methods in capitals, such as GET; any of them.")
          @Nullable List<String> methods,
      @JsonPropertyDescription("The path, without query.") @Nullable Path path,
      @Size(min = 1, max = 16) @JsonPropertyDescription("Headers, all of them.")
          @Nullable List<FaultSpec.Header> headers) {}

  /** A condition on the path. */
  @ValidationRule(
      value = "has(self.exact) != has(self.prefix)",
      message = "say exactly one of exact and prefix")
  public record Path(
      @Size(min = 1, max = 1024) @Pattern("^/.*$") @JsonPropertyDescription("This very path.")
          @Nullable String exact,
      @Size(min = 1, max = 1024)
          @Pattern("^/.*$")
          @JsonPropertyDescription(
              "The first segments: /v2 is met by /v2 and /v2/x, and not by /v2x.")
          @Nullable String prefix) {}
}
