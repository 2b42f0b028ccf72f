package io.weftmesh.policy.v1alpha1;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** How an endpoint is chosen. */
@ValidationRule(
    value =
        "(has(self.algorithm) && self.algorithm == 'RingHash') ? has(self.hashOn)"
            + " : !has(self.hashOn)",
    message = "hashOn belongs to algorithm RingHash, which needs it")
public record LoadBalancingSpec(
    @JsonPropertyDescription(
            "PeakEwma (default): the better of two endpoints drawn at random, by the time that each"
                + " has lately taken and the requests it has in hand. LeastRequest: the better of"
                + " two, by requests in hand alone. RoundRobin: one after the other. RingHash: the"
                + " same endpoint for the same key, as long as it is there and has no more than a"
                + " quarter above the average in hand.")
        @Nullable Algorithm algorithm,
    @JsonPropertyDescription("The key, for RingHash. A request without it goes to any endpoint.")
        @Nullable HashOn hashOn,
    @Pattern(Patterns.DURATION)
        @JsonPropertyDescription(
            "Over this time the share of an endpoint that has just come grows from a tenth to the"
                + " whole, so that it can warm up. Not with RingHash. Default: 0s, which is at"
                + " once.")
        @Nullable String slowStart) {

  /** Ways of choosing. */
  public enum Algorithm {
    @JsonProperty("PeakEwma")
    PEAK_EWMA,
    @JsonProperty("LeastRequest")
    LEAST_REQUEST,
    @JsonProperty("RoundRobin")
    ROUND_ROBIN,
    @JsonProperty("RingHash")
    RING_HASH
  }

  /** What the key is. */
  @ValidationRule(
      value =
          "[has(self.header), has(self.cookie), has(self.sourceAddress) && self.sourceAddress]"
              + ".filter(set, set).size() == 1",
      message = "say exactly one of header, cookie and sourceAddress: true")
  public record HashOn(
      @Size(min = 1, max = 256) @JsonPropertyDescription("The value of this header.")
          @Nullable String header,
      @Size(min = 1, max = 256) @JsonPropertyDescription("The value of this cookie.")
          @Nullable String cookie,
      @JsonPropertyDescription("The address of the client pod.") @Nullable Boolean sourceAddress) {}
}
