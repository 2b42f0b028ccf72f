package io.weftmesh.policy.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.kubernetes.model.annotation.Categories;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** Who may call whom. */
@JsonClassDescription(
    "Who may call whom: by identity, namespace, service account and port, and for HTTP by method,"
        + " path and header. Deny wins; as soon as a pod has any Allow, all else is denied.")
@Group(PolicyObject.GROUP)
@Version(PolicyObject.VERSION)
@Plural("accesspolicies")
@ShortNames("apol")
@Categories("weft")
@AdditionalPrinterColumn(name = "Action", jsonPath = ".spec.action")
@AdditionalPrinterColumn(
    name = "Dry run",
    jsonPath = ".spec.dryRun",
    type = AdditionalPrinterColumn.Type.BOOLEAN)
@AdditionalPrinterColumn(name = "Selector", jsonPath = ".spec.selector.matchLabels")
@AdditionalPrinterColumn(
    name = "Accepted",
    jsonPath = ".status.conditions[?(@.type==\"Accepted\")].status")
@AdditionalPrinterColumn(
    name = "Age",
    jsonPath = ".metadata.creationTimestamp",
    type = AdditionalPrinterColumn.Type.DATE)
public final class AccessPolicy extends PolicyObject<AccessPolicySpec> {
  private static final long serialVersionUID = 1;
}
