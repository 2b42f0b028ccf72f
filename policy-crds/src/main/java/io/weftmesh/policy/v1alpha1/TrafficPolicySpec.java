package io.weftmesh.policy.v1alpha1;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.IntOrString;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a {@link TrafficPolicy} says. */
@ValidationRule(
    value =
        "!has(self.targetRef.kind) || self.targetRef.kind == 'Service' || !(has(self.loadBalancing)"
            + " || has(self.outlierEjection) || has(self.limits) || (has(self.timeouts) &&"
            + " (has(self.timeouts.connect) || has(self.timeouts.idle))))",
    message =
        "loadBalancing, outlierEjection, limits, timeouts.connect and timeouts.idle are about"
            + " connections to a Service's endpoints: write them in a policy whose targetRef is"
            + " that Service")
public record TrafficPolicySpec(
    @Required
        @JsonPropertyDescription(
            "Whose traffic it is. Of two policies for one target, the older is in force and the"
                + " other says so in its status. What a policy says of a route replaces, section by"
                + " section, what another says of the Service that the route is attached to.")
        @Nullable TargetRef targetRef,
    @ValidationRule(
            value =
                "!has(self.request) || !has(self.perTry) || duration(self.request) =="
                    + " duration('0s') || duration(self.perTry) <= duration(self.request)",
            message = "timeouts.perTry must not be longer than timeouts.request, which ends it")
        @ValidationRule(
            value = "!has(self.connect) || duration(self.connect) > duration('0s')",
            message = "timeouts.connect must be longer than 0s")
        @JsonPropertyDescription(
            "How long things may take. request and perTry hold for requests to the target, wherever"
                + " they are routed; connect and idle for connections to the target's own"
                + " endpoints, whoever routes there. 0s is no limit.")
        @Nullable Timeouts timeouts,
    @JsonPropertyDescription(
            "When requests to the target are tried again, each time on another endpoint. What was"
                + " never sent (connection failed, stream refused) is retried always, within"
                + " attempts and budget. Nothing is retried once a byte of the answer was passed"
                + " on.")
        @Nullable Retries retries,
    @JsonPropertyDescription(
            "How an endpoint of the target is chosen. A Service's own sessionAffinity: ClientIP"
                + " wins over it.")
        @Nullable LoadBalancingSpec loadBalancing,
    @JsonPropertyDescription(
            "Leaves endpoints out for a while that fail again and again. A failure is an answer"
                + " 5xx, a try that timed out, or no answer. Left out: none is ejected, but one"
                + " that cannot be reached is avoided all the same.")
        @Nullable OutlierEjectionSpec outlierEjection,
    @JsonPropertyDescription(
            "How much of the target may be in use at once, counted on each node. Beyond it: 503 at"
                + " once. Left out: no limit.")
        @Nullable LimitsSpec limits,
    @JsonPropertyDescription(
            "Faults put into requests on purpose, to see how clients bear them. Only for requests"
                + " that are understood (HTTP, gRPC).")
        @Nullable FaultSpec fault,
    @JsonPropertyDescription(
            "How many requests are let through, counted on the client's node. Beyond it: 429 with"
                + " Retry-After.")
        @Nullable RateLimitSpec rateLimit) {

  /** What a policy is about. */
  public record TargetRef(
      @Default("Service")
          @JsonPropertyDescription(
              "The kind of the target: Service, or HTTPRoute or GRPCRoute, for which only the"
                  + " fields about requests may be set (timeouts.request, timeouts.perTry, retries,"
                  + " fault, rateLimit).")
          @Nullable TargetKind kind,
      @Required
          @Size(min = 1, max = 253)
          @JsonPropertyDescription("Its name, in the namespace of this object.")
          @Nullable String name) {}

  /** Kinds of targets. */
  public enum TargetKind {
    @JsonProperty("Service")
    SERVICE,
    @JsonProperty("HTTPRoute")
    HTTP_ROUTE,
    @JsonProperty("GRPCRoute")
    GRPC_ROUTE
  }

  /** How long things may take. */
  public record Timeouts(
      @Pattern(Patterns.DURATION)
          @JsonPropertyDescription(
              "A whole request: all tries, the pauses between them and the answer to its last byte."
                  + " Beyond it: 504. Default: none.")
          @Nullable String request,
      @Pattern(Patterns.DURATION)
          @JsonPropertyDescription(
              "One try, until the head of the answer. Beyond it the try counts as failed with 504."
                  + " Default: none.")
          @Nullable String perTry,
      @Pattern(Patterns.DURATION)
          @JsonPropertyDescription(
              "A connection to an endpoint, handshake included. Beyond it another endpoint is"
                  + " tried. Default: 15s.")
          @Nullable String connect,
      @Pattern(Patterns.DURATION)
          @JsonPropertyDescription(
              "A connection or stream that carries no byte in either direction for so long is"
                  + " closed. Default: 1h.")
          @Nullable String idle) {}

  /** When requests are tried again. */
  public record Retries(
      @Min(0)
          @Max(10)
          @JsonPropertyDescription(
              "Retries, not tries: 2 is at most three tries. 0 switches all retries off. Default:"
                  + " 3.")
          @Nullable Integer attempts,
      @Size(max = 32)
          @ValidationRule(
              value = "self.all(c, c >= 400 && c <= 599)",
              message = "statusCodes are between 400 and 599")
          @JsonPropertyDescription(
              "Answers that are retried, such as 502 and 503. Default: none. Only requests of"
                  + " idempotent methods (GET, HEAD, PUT, DELETE, OPTIONS, TRACE), with a body of"
                  + " at most 64 KiB.")
          @Nullable List<Integer> statusCodes,
      @Size(max = 16)
          @JsonPropertyDescription(
              "gRPC statuses that are retried, by name or number, such as UNAVAILABLE or 14, as"
                  + " long as the answer has no message yet. Default: none. A gRPC call is a POST:"
                  + " it is retried on these whatever nonIdempotent says.")
          @Nullable List<IntOrString> grpcStatuses,
      @JsonPropertyDescription(
              "Retries a request whose connection or stream broke before its answer began. The"
                  + " application may have seen it: only for idempotent methods, unless"
                  + " nonIdempotent. Default: false.")
          @Nullable Boolean onReset,
      @JsonPropertyDescription(
              "Retries other methods (POST, PATCH) on status codes and resets too. Only for an"
                  + " application that bears a request twice. Default: false.")
          @Nullable Boolean nonIdempotent,
      @ValidationRule(
              value =
                  "!has(self.base) || !has(self.max) || duration(self.base) <= duration(self.max)",
              message = "backoff.base must not be longer than backoff.max")
          @JsonPropertyDescription("The pause before a retry.")
          @Nullable Backoff backoff,
      @Pattern(Patterns.DURATION)
          @JsonPropertyDescription(
              "The longest Retry-After of an answer that is waited for before it is retried. An"
                  + " answer that asks for more is passed on with it. 0s passes all of them on."
                  + " Default: 2s.")
          @Nullable String maxRetryAfter,
      @JsonPropertyDescription(
              "The bound for all retries of the target together, so that retries cannot bring down"
                  + " what is left of it. Counted over ten seconds on each node.")
          @Nullable Budget budget) {}

  /** The pause before a retry. */
  public record Backoff(
      @Pattern(Patterns.DURATION)
          @JsonPropertyDescription(
              "Before the first retry; doubled for each further one, and shortened at random by up"
                  + " to half. Default: 25ms.")
          @Nullable String base,
      @Pattern(Patterns.DURATION)
          @JsonPropertyDescription("The longest pause. Default: 250ms, or base if that is longer.")
          @Nullable String max) {}

  /** The bound for all retries. */
  public record Budget(
      @Min(0) @Max(100) @JsonPropertyDescription("Retries per hundred requests. Default: 20.")
          @Nullable Integer percent,
      @Min(0)
          @Max(10_000)
          @JsonPropertyDescription(
              "Retries per second on top, so that a target with little traffic can be retried."
                  + " Default: 10.")
          @Nullable Integer perSecond) {}
}
