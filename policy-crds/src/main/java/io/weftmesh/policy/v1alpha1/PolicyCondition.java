package io.weftmesh.policy.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/** One condition, with the fields that Kubernetes gives conditions. */
public record PolicyCondition(
    @Required
        @Size(max = 316)
        @JsonPropertyDescription("What the condition is about: Accepted or ResolvedRefs.")
        String type,
    @Required @Pattern("^(True|False|Unknown)$") @JsonPropertyDescription("True, False or Unknown.")
        String status,
    @JsonPropertyDescription("The metadata.generation that this condition speaks of.")
        @Nullable Long observedGeneration,
    @Required @JsonPropertyDescription("When the status last changed, as an RFC 3339 time.")
        String lastTransitionTime,
    @Required
        @Size(min = 1, max = 1024)
        @Pattern("^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")
        @JsonPropertyDescription("Why, in one word for programs.")
        String reason,
    @Required
        @Size(max = 32768)
        @JsonPropertyDescription("Why, and what to do about it, in words for people.")
        String message) {}
