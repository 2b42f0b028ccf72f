package io.weftmesh.policy.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.IntOrString;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Faults put into requests on purpose. */
@ValidationRule(
    value = "has(self.delay) || has(self.abort)",
    message = "say at least one of delay and abort")
public record FaultSpec(
    @Size(min = 1, max = 16)
        @JsonPropertyDescription(
            "Only requests that carry all of these headers, so that a tester can ask for the fault."
                + " Left out: all requests.")
        @Nullable List<Header> headers,
    @JsonPropertyDescription("Holds requests back before they are sent.") @Nullable Delay delay,
    @JsonPropertyDescription(
            "Answers requests in place of a backend. One that is delayed as well is answered after"
                + " the delay.")
        @Nullable Abort abort) {

  /** A header with exactly one value. */
  public record Header(
      @Required
          @Size(min = 1, max = 256)
          @JsonPropertyDescription("Its name, in upper or lower case.")
          @Nullable String name,
      @Required @Size(max = 4096) @JsonPropertyDescription("Its value, the same in every letter.")
          @Nullable String value) {}

  /** How long, and how many. */
  public record Delay(
      @Required
          @Pattern(Patterns.DURATION)
          @ValidationRule(
              value = "duration(self) > duration('0s') && duration(self) <= duration('1h')",
              message = "duration is above 0s and at most 1h")
          @JsonPropertyDescription("How long.")
          @Nullable String duration,
      @Required @Min(0) @Max(100) @JsonPropertyDescription("Percent of the requests.")
          @Nullable Integer percent) {}

  /** With what, and how many. */
  @ValidationRule(
      value = "has(self.status) != has(self.grpcStatus)",
      message = "say exactly one of status and grpcStatus")
  public record Abort(
      @Min(400) @Max(599) @JsonPropertyDescription("The status of the answer, 400 to 599.")
          @Nullable Integer status,
      @JsonPropertyDescription(
              "The grpc-status of the answer, by name or number, such as UNAVAILABLE or 14.")
          @Nullable IntOrString grpcStatus,
      @Required @Min(0) @Max(100) @JsonPropertyDescription("Percent of the requests.")
          @Nullable Integer percent) {}
}
