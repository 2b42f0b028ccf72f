package io.weftmesh.policy.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.kubernetes.model.annotation.Categories;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** Sends the traffic of a Service to others, or to some of its own pods, by weight. */
@JsonClassDescription(
    "Sends the traffic of a Service to other Services, or to those of its own pods that have"
        + " certain labels, by weight: the quick way to a canary or a blue-green switch.")
@Group(PolicyObject.GROUP)
@Version(PolicyObject.VERSION)
@ShortNames("tshift")
@Categories("weft")
@AdditionalPrinterColumn(name = "Service", jsonPath = ".spec.service")
@AdditionalPrinterColumn(name = "Backends", jsonPath = ".spec.backends[*].service")
@AdditionalPrinterColumn(name = "Labels", jsonPath = ".spec.backends[*].labels")
@AdditionalPrinterColumn(name = "Weights", jsonPath = ".spec.backends[*].weight")
@AdditionalPrinterColumn(
    name = "Accepted",
    jsonPath = ".status.conditions[?(@.type==\"Accepted\")].status")
@AdditionalPrinterColumn(
    name = "Age",
    jsonPath = ".metadata.creationTimestamp",
    type = AdditionalPrinterColumn.Type.DATE)
public final class TrafficShift extends PolicyObject<TrafficShiftSpec> {
  private static final long serialVersionUID = 1;
}
