package io.weftmesh.policy.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a {@link TrafficShift} says. */
public record TrafficShiftSpec(
    @Required
        @Size(min = 1, max = 63)
        @Pattern(Patterns.DNS_LABEL)
        @JsonPropertyDescription(
            "The Service whose traffic is shifted, in the namespace of this object. Clients go on"
                + " calling it by its name; they are told nothing.")
        @Nullable String service,
    @Min(1)
        @Max(65535)
        @JsonPropertyDescription(
            "Only this port of the Service. Left out: all of its ports, each sent to the same port"
                + " of the backends.")
        @Nullable Integer port,
    @JsonPropertyDescription(
            "Only these requests are shifted, so that testers get the new version. All others, and"
                + " connections that carry no HTTP, go to the Service's own endpoints. Left out:"
                + " everything is shifted.")
        @Nullable Match match,
    @Required
        @Size(min = 1, max = 16)
        @ValidationRule(
            value = "self.exists(b, b.weight > 0)",
            message = "at least one backend needs a weight above 0")
        @ValidationRule(
            value =
                "self.all(b, self.filter(c,"
                    + " (has(c.service) ? c.service : '') == (has(b.service) ? b.service : '')"
                    + " && (has(c.__namespace__) ? c.__namespace__ : '')"
                    + " == (has(b.__namespace__) ? b.__namespace__ : '')"
                    + " && (has(c.port) ? c.port : 0) == (has(b.port) ? b.port : 0)"
                    + " && has(c.labels) == has(b.labels)"
                    + " && (!has(c.labels) || c.labels == b.labels)).size() == 1)",
            message = "a backend must stand once only")
        @JsonPropertyDescription(
            "Where the traffic goes: HTTP request by request, other TCP connection by connection."
                + " A share is weight / sum of all weights. The Service itself may be among them."
                + " The share of a backend that does not exist is answered with 500, that of one"
                + " without a ready pod with 503; neither is given to the others.")
        @Nullable List<Backend> backends) {

  /** Which requests are shifted. */
  public record Match(
      @Required
          @Size(min = 1, max = 16)
          @ValidationRule(
              value =
                  "self.all(h, self.filter(o, o.name.lowerAscii() == h.name.lowerAscii()).size()"
                      + " == 1)",
              message = "a header must stand once only")
          @JsonPropertyDescription("Headers that a request must have, all of them.")
          @Nullable List<Header> headers) {}

  /** A header and its value. */
  public record Header(
      @Required
          @Size(min = 1, max = 256)
          @Pattern(Patterns.HEADER_NAME)
          @JsonPropertyDescription("The header's name, in any case.")
          @Nullable String name,
      @Required
          @Size(min = 1, max = 4096)
          @JsonPropertyDescription("Its value, character by character.")
          @Nullable String value) {}

  /** One of the backends. */
  @ValidationRule(
      value = "has(self.service) || has(self.labels)",
      message = "name a Service, or labels of the Service's own pods")
  @ValidationRule(
      value = "has(self.service) || !has(self.__namespace__)",
      message = "a namespace needs a service")
  public record Backend(
      @Size(min = 1, max = 63)
          @Pattern(Patterns.DNS_LABEL)
          @JsonPropertyDescription(
              "The Service whose endpoints get the share. Routes of that Service are not consulted"
                  + " again. Not a headless or ExternalName Service. Left out: the Service that is"
                  + " shifted, of which labels name a part.")
          @Nullable String service,
      @Size(min = 1, max = 63)
          @Pattern(Patterns.DNS_LABEL)
          @JsonPropertyDescription("The namespace of that Service. Left out: that of this object.")
          @Nullable String namespace,
      @Min(1)
          @Max(65535)
          @JsonPropertyDescription(
              "The port of that Service. Left out: the one that the client called.")
          @Nullable Integer port,
      @Size(min = 1, max = 8)
          @ValidationRule(
              value = "self.all(k, self[k].size() <= 63)",
              message = "the value of a label has at most 63 characters")
          @JsonPropertyDescription(
              "Only those of that Service's pods that have all of these labels, such as version:"
                  + " v2. A pod outside the mesh belongs to no such part. Left out: all of its"
                  + " pods.")
          @Nullable Map<String, String> labels,
      @Required
          @Min(0)
          @Max(1_000_000)
          @JsonPropertyDescription(
              "The share, in proportion to the sum of all weights: 90 and 10 is the same as 9 and"
                  + " 1. 0 keeps the backend listed without traffic.")
          @Nullable Integer weight) {}
}
