package io.weftmesh.policy.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.kubernetes.model.annotation.Categories;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** What pods ask of those who connect to them. */
@JsonClassDescription(
    "What pods ask of those who connect to them: an identity (STRICT), or plaintext too"
        + " (PERMISSIVE).")
@Group(PolicyObject.GROUP)
@Version(PolicyObject.VERSION)
@Plural("meshsecurities")
@ShortNames("msec")
@Categories("weft")
@AdditionalPrinterColumn(name = "Mode", jsonPath = ".spec.mode")
@AdditionalPrinterColumn(name = "Selector", jsonPath = ".spec.selector.matchLabels")
@AdditionalPrinterColumn(
    name = "Accepted",
    jsonPath = ".status.conditions[?(@.type==\"Accepted\")].status")
@AdditionalPrinterColumn(
    name = "Age",
    jsonPath = ".metadata.creationTimestamp",
    type = AdditionalPrinterColumn.Type.DATE)
public final class MeshSecurity extends PolicyObject<MeshSecuritySpec> {
  private static final long serialVersionUID = 1;
}
