package io.weftmesh.proxy.cluster;

import io.fabric8.kubernetes.api.model.APIResource;
import io.fabric8.kubernetes.api.model.APIResourceList;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.weftmesh.policy.manifest.MeshKinds;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Under which name and version an API server serves a kind. Gateway API's kinds come and go with
 * its release and channel, and none of them is there before somebody has installed it.
 */
final class ServedKinds {
  private final KubernetesClient client;
  private final Map<String, List<APIResource>> answers = new HashMap<>();

  ServedKinds(KubernetesClient client) {
    this.client = client;
  }

  /** What was answered before may be other now. */
  void askAgain() {
    answers.clear();
  }

  /**
   * The first of the kind's versions that is served; asks the server, and blocks.
   *
   * @return empty if it serves none of them
   * @throws KubernetesClientException if it can't be asked
   */
  Optional<ResourceDefinitionContext> find(Class<? extends HasMetadata> type) {
    String kind = HasMetadata.getKind(type);
    for (String version : MeshKinds.versions(type)) {
      for (APIResource resource : resources(version)) {
        // "httproutes/status" is of the same kind.
        if (resource.getKind().equals(kind) && resource.getName().indexOf('/') < 0) {
          int slash = version.indexOf('/');
          return Optional.of(
              new ResourceDefinitionContext.Builder()
                  .withGroup(slash < 0 ? "" : version.substring(0, slash))
                  .withVersion(version.substring(slash + 1))
                  .withKind(kind)
                  .withPlural(resource.getName())
                  .withNamespaced(Boolean.TRUE.equals(resource.getNamespaced()))
                  .build());
        }
      }
    }
    return Optional.empty();
  }

  private List<APIResource> resources(String version) {
    return answers.computeIfAbsent(
        version,
        v -> {
          APIResourceList found = client.getApiResources(v);
          return found == null ? List.of() : found.getResources();
        });
  }
}
