package io.weftmesh.policy.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** When an endpoint that fails is left out. */
@ValidationRule(
    value =
        "!has(self.baseEjectionTime) || !has(self.maxEjectionTime)"
            + " || duration(self.baseEjectionTime) <= duration(self.maxEjectionTime)",
    message = "baseEjectionTime must not be longer than maxEjectionTime")
@ValidationRule(
    value = "!has(self.baseEjectionTime) || duration(self.baseEjectionTime) > duration('0s')",
    message = "baseEjectionTime must be longer than 0s")
public record OutlierEjectionSpec(
    @Min(0)
        @Max(1000)
        @JsonPropertyDescription(
            "So many failures in a row eject an endpoint. 0 does not look at them. Default: 5.")
        @Nullable Integer consecutiveFailures,
    @JsonPropertyDescription(
            "A share of good answers below which an endpoint is ejected. Left out: not looked at.")
        @Nullable SuccessRate successRate,
    @Pattern(Patterns.DURATION)
        @JsonPropertyDescription(
            "How long an endpoint is out the first time; twice as long each further time. Then one"
                + " request probes it, and its outcome decides. Default: 10s.")
        @Nullable String baseEjectionTime,
    @Pattern(Patterns.DURATION)
        @JsonPropertyDescription(
            "The longest time out. Default: 5m, or baseEjectionTime if that is longer.")
        @Nullable String maxEjectionTime,
    @Min(0)
        @Max(100)
        @JsonPropertyDescription(
            "Percent of the target's endpoints that may be out at once, rounded down. The last"
                + " endpoint is never ejected, whatever this says. Default: 50.")
        @Nullable Integer maxEjectedPercent) {

  /** A share of good answers. */
  public record SuccessRate(
      @Pattern(Patterns.DURATION)
          @ValidationRule(
              value = "duration(self) >= duration('1s') && duration(self) <= duration('1h')",
              message = "window is between 1s and 1h")
          @JsonPropertyDescription("What is looked back at. Default: 30s.")
          @Nullable String window,
      @Min(1)
          @Max(1_000_000)
          @JsonPropertyDescription(
              "Answers of one endpoint in the window without which the share says nothing. Default:"
                  + " 20.")
          @Nullable Integer minRequests,
      @Min(1)
          @Max(100)
          @JsonPropertyDescription("Percent of the answers that must be good. Default: 80.")
          @Nullable Integer minPercent) {}
}
