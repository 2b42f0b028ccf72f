package io.weftmesh.policy.manifest;

import com.fasterxml.jackson.annotation.JsonIncludeProperties;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.Probe;

/**
 * What is read of the large Kubernetes objects. The rest of a Pod is a graph of some hundred types
 * (volumes, affinities, security contexts) of which the mesh uses nothing, and which would cost
 * every process megabytes of classes and reflection, and a part of a second at each start.
 *
 * <p>A field that is not named here reads as absent, whatever the file says.
 */
final class ReadFields {
  private ReadFields() {}

  static JsonMapper.Builder apply(JsonMapper.Builder mapper) {
    return mapper
        .addMixIn(ObjectMeta.class, OfObjectMeta.class)
        .addMixIn(PodSpec.class, OfPodSpec.class)
        .addMixIn(PodStatus.class, OfPodStatus.class)
        .addMixIn(Container.class, OfContainer.class)
        .addMixIn(Probe.class, OfProbe.class);
  }

  @JsonIncludeProperties({
    "name",
    "namespace",
    "uid",
    "labels",
    "annotations",
    "ownerReferences",
    "creationTimestamp",
    "deletionTimestamp",
    "generation"
  })
  private interface OfObjectMeta {}

  @JsonIncludeProperties({
    "containers",
    "initContainers",
    "nodeName",
    "serviceAccountName",
    "hostNetwork"
  })
  private interface OfPodSpec {}

  @JsonIncludeProperties({"phase", "podIP", "podIPs"})
  private interface OfPodStatus {}

  @JsonIncludeProperties({"name", "ports", "startupProbe", "readinessProbe", "livenessProbe"})
  private interface OfContainer {}

  @JsonIncludeProperties({"httpGet", "tcpSocket", "grpc"})
  private interface OfProbe {}
}
