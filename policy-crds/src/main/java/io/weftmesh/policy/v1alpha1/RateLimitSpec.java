package io.weftmesh.policy.v1alpha1;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** How many requests are let through. */
@ValidationRule(
    value = "has(self.total) || has(self.perIdentity)",
    message = "say at least one of total and perIdentity")
public record RateLimitSpec(
    @JsonPropertyDescription("For all clients of a node together.") @Nullable Rate total,
    @JsonPropertyDescription(
            "For each client identity (namespace and service account) of a node. Clients without an"
                + " identity share one.")
        @Nullable Rate perIdentity) {

  /** So many in so long. */
  public record Rate(
      @Required @Min(1) @Max(1_000_000) @JsonPropertyDescription("How many.")
          @Nullable Integer requests,
      @JsonPropertyDescription("In how long: second (default), minute or hour.") @Nullable Unit per,
      @Min(1)
          @Max(1_000_000)
          @JsonPropertyDescription(
              "How many may come at once after a silence. Default: as many as requests.")
          @Nullable Integer burst) {}

  /** Units of time. */
  public enum Unit {
    @JsonProperty("second")
    SECOND,
    @JsonProperty("minute")
    MINUTE,
    @JsonProperty("hour")
    HOUR
  }
}
