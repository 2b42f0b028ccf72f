package io.weftmesh.policy.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What became of an object. Written by the policy controller alone. */
public record PolicyStatus(
    @JsonPropertyDescription(
            "The metadata.generation that the conditions speak of. While it is behind, the latest"
                + " edit has not been looked at yet.")
        @Nullable Long observedGeneration,
    @JsonPropertyDescription(
            "Accepted: the object as a whole is in force; if not, the message says why and what to"
                + " do. ResolvedRefs: every Service it names exists and has the port.")
        @Nullable List<PolicyCondition> conditions) {}
