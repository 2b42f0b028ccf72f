package io.weftmesh.policy.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.crdv2.generator.CRDPostProcessor;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceColumnDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionVersion;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The text of a CRD, generated from its class. */
final class CrdText {
  private static final String HEADER =
      "# Generated from the classes of policy-crds; CrdsTest says how. Not to be edited.\n";

  private CrdText() {}

  /**
   * Generates it.
   *
   * @param scratch an empty folder
   */
  static String of(Class<? extends PolicyObject<?>> type, Path scratch) throws IOException {
    new CRDGenerator()
        .customResourceClasses(type)
        .inOutputDir(scratch.toFile())
        .forCRDVersions("v1")
        .withMinQuotes(true)
        .withPostProcessor(
            new CRDPostProcessor() {
              @Override
              public HasMetadata process(HasMetadata crd, String version) {
                complete((CustomResourceDefinition) crd, type);
                return crd;
              }
            })
        .generate();
    try (Stream<Path> files = Files.list(scratch)) {
      String text = Files.readString(files.findFirst().orElseThrow());
      // Bounds are floating-point in the generator's model; people write whole numbers.
      return HEADER
          + text.substring(text.indexOf("apiVersion:"))
              .replaceAll("(?m)((?:maximum|minimum): -?[0-9]+)\\.0$", "$1");
    }
  }

  /** Adds what the generator has no annotation for. */
  private static void complete(CustomResourceDefinition crd, Class<?> type) {
    CustomResourceDefinitionVersion version = crd.getSpec().getVersions().getFirst();
    inDeclaredOrder(version.getAdditionalPrinterColumns(), type);
    JSONSchemaProps schema = version.getSchema().getOpenAPIV3Schema();
    schema.setDescription(type.getAnnotation(JsonClassDescription.class).value());
    JSONSchemaProps status = schema.getProperties().get("status");
    schema.getProperties().get("spec").setDescription("What is wanted.");
    status.setDescription("What became of it. Written by Weft, not by you.");
    JSONSchemaProps conditions = status.getProperties().get("conditions");
    conditions.setXKubernetesListType("map");
    conditions.setXKubernetesListMapKeys(List.of("type"));
    Map<String, JSONSchemaProps> condition = conditions.getItems().getSchema().getProperties();
    condition.get("lastTransitionTime").setFormat("date-time");
    tidy(schema);
  }

  /** The generator sorts columns by their path; people read them from left to right. */
  private static void inDeclaredOrder(List<CustomResourceColumnDefinition> columns, Class<?> type) {
    List<String> order =
        Stream.of(type.getAnnotationsByType(AdditionalPrinterColumn.class))
            .map(AdditionalPrinterColumn::name)
            .toList();
    columns.sort(Comparator.comparingInt(column -> order.indexOf(column.getName())));
    columns.forEach(column -> column.setPriority(null));
  }

  /** A record's annotations are found twice, on the field and on the accessor. */
  private static void tidy(JSONSchemaProps schema) {
    if (schema.getXKubernetesValidations() != null) {
      schema.setXKubernetesValidations(
          schema.getXKubernetesValidations().stream().distinct().toList());
    }
    if (schema.getProperties() != null) {
      schema.getProperties().values().forEach(CrdText::tidy);
    }
    if (schema.getItems() != null && schema.getItems().getSchema() != null) {
      tidy(schema.getItems().getSchema());
    }
  }
}
