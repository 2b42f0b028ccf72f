package io.weftmesh.policy.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import org.jspecify.annotations.Nullable;

/** How much of a Service may be in use at once. */
public record LimitsSpec(
    @Min(1)
        @Max(1_000_000)
        @JsonPropertyDescription("Connections open to the Service's endpoints. Default: no limit.")
        @Nullable Integer connections,
    @Min(1)
        @Max(1_000_000)
        @JsonPropertyDescription("Requests that wait for a connection. Default: no limit.")
        @Nullable Integer pendingRequests,
    @Min(1)
        @Max(1_000_000)
        @JsonPropertyDescription(
            "Requests that were sent and not answered to the end. Default: no limit.")
        @Nullable Integer concurrentRequests,
    @JsonPropertyDescription(
            "The same for each client pod, so that one cannot take what the others need.")
        @Nullable PerClientPod perClientPod) {

  /** How much of a Service one client pod may have in use at once. */
  public record PerClientPod(
      @Min(1)
          @Max(1_000_000)
          @JsonPropertyDescription("Connections of one client pod. Default: no limit.")
          @Nullable Integer connections,
      @Min(1)
          @Max(1_000_000)
          @JsonPropertyDescription(
              "Requests of one client pod that wait for a connection. Default: no limit.")
          @Nullable Integer pendingRequests,
      @Min(1)
          @Max(1_000_000)
          @JsonPropertyDescription(
              "Requests of one client pod that were sent and not answered to the end. Default: no"
                  + " limit.")
          @Nullable Integer concurrentRequests) {}
}
