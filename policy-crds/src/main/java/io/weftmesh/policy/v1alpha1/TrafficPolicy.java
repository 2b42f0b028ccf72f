package io.weftmesh.policy.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.kubernetes.model.annotation.Categories;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** How the traffic to a Service, or by a route, is treated. */
@JsonClassDescription(
    "How the traffic to a Service, or by a route, is treated: timeouts, retries and their budget,"
        + " load balancing, outlier ejection, limits, faults, rate limits.")
@Group(PolicyObject.GROUP)
@Version(PolicyObject.VERSION)
@Plural("trafficpolicies")
@ShortNames("tpol")
@Categories("weft")
@AdditionalPrinterColumn(name = "Kind", jsonPath = ".spec.targetRef.kind")
@AdditionalPrinterColumn(name = "Target", jsonPath = ".spec.targetRef.name")
@AdditionalPrinterColumn(name = "Request timeout", jsonPath = ".spec.timeouts.request")
@AdditionalPrinterColumn(
    name = "Retries",
    jsonPath = ".spec.retries.attempts",
    type = AdditionalPrinterColumn.Type.INTEGER)
@AdditionalPrinterColumn(
    name = "Accepted",
    jsonPath = ".status.conditions[?(@.type==\"Accepted\")].status")
@AdditionalPrinterColumn(
    name = "Age",
    jsonPath = ".metadata.creationTimestamp",
    type = AdditionalPrinterColumn.Type.DATE)
public final class TrafficPolicy extends PolicyObject<TrafficPolicySpec> {
  private static final long serialVersionUID = 1;
}
