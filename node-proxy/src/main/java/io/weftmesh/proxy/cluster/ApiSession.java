package io.weftmesh.proxy.cluster;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Informable;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.net.http.HttpTimeoutException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client of an API server and what is followed with it. Of pods, and of nodes, only those of
 * the own node: no node may watch what grows with the cluster, beside Services and their endpoints.
 *
 * <p>All watches go over one HTTP/2 connection, and {@link #check} asks a question over the same: a
 * connection that is dead without having ended is noticed there, and only there. Confined to one
 * thread, but for the changes that it tells of.
 */
final class ApiSession implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ApiSession.class);

  /** How many checks in a row must stay without an answer before the connection counts as dead. */
  private static final int SILENT_CHECKS = 2;

  private final KubernetesClient client;
  private final String node;
  private final Set<Class<? extends HasMetadata>> kinds;
  private final KnownObjects known;
  private final Runnable changed;
  private final ServedKinds served;
  private final Map<Class<? extends HasMetadata>, KindWatch<?>> watches = new HashMap<>();
  private final Set<Class<? extends HasMetadata>> unserved = new HashSet<>();
  private @Nullable String trouble;
  private int silent;

  ApiSession(
      KubernetesClient client,
      String node,
      Set<Class<? extends HasMetadata>> kinds,
      KnownObjects known,
      Runnable changed) {
    this.client = client;
    this.node = node;
    this.kinds = kinds;
    this.known = known;
    this.changed = changed;
    this.served = new ServedKinds(client);
  }

  /** Whether the connection is alive, as far as can be told; blocks for a time-out at most. */
  boolean check() {
    try {
      client.getKubernetesVersion();
      silent = 0;
    } catch (KubernetesClientException failure) {
      // A server that refuses, or says no, is there: the watches will find it.
      silent = isTimeout(failure) ? silent + 1 : 0;
      log.debug("The API server does not answer", failure);
    }
    return silent < SILENT_CHECKS;
  }

  /**
   * Begins to follow every kind that is not followed yet; blocks.
   *
   * @param again whether to ask for those, too, that were not served when last asked for
   */
  void follow(boolean again) {
    if (again) {
      unserved.clear();
    }
    for (Class<? extends HasMetadata> kind : kinds) {
      forgetIfGone(kind);
      if (!watches.containsKey(kind) && !unserved.contains(kind)) {
        try {
          follow(kind);
          trouble = null;
        } catch (KubernetesClientException failure) {
          // A server that does not answer for one kind would not for the others.
          trouble = String.valueOf(failure.getMessage());
          return;
        }
      }
    }
  }

  private void follow(Class<? extends HasMetadata> kind) {
    Optional<ResourceDefinitionContext> found = served.find(kind);
    if (found.isPresent()) {
      KindWatch<?> watch = watch(kind, found.get());
      watches.put(kind, watch);
      watch.start();
    } else {
      unserved.add(kind);
    }
  }

  private void forgetIfGone(Class<? extends HasMetadata> kind) {
    KindWatch<?> watch = watches.get(kind);
    if (watch != null && watch.isGone()) {
      watch.close();
      watches.remove(kind);
      if (known.retain(kind, Set.of())) {
        changed.run();
      }
    }
  }

  private <T extends HasMetadata> KindWatch<?> watch(
      Class<T> kind, ResourceDefinitionContext found) {
    if (found.getVersion().equals(HasMetadata.getVersion(kind))) {
      return new KindWatch<>(kind, resources(kind), kind, object -> object, known, changed);
    }
    return new KindWatch<>(
        kind,
        client.genericKubernetesResources(found).inAnyNamespace(),
        GenericKubernetesResource.class,
        object -> client.getKubernetesSerialization().convertValue(object, kind),
        known,
        changed);
  }

  private <T extends HasMetadata> Informable<T> resources(Class<T> kind) {
    if (kind == Pod.class) {
      return client.resources(kind).inAnyNamespace().withField("spec.nodeName", node);
    }
    if (kind == Node.class) {
      return client.resources(kind).withField("metadata.name", node);
    }
    return kind == Namespace.class
        ? client.resources(kind)
        : client.resources(kind).inAnyNamespace();
  }

  /** What is not known yet, a line for each kind. */
  List<String> missing() {
    List<String> missing = new ArrayList<>();
    for (Class<? extends HasMetadata> kind : kinds) {
      KindWatch<?> watch = watches.get(kind);
      String plural = HasMetadata.getPlural(kind);
      if (watch == null && !unserved.contains(kind)) {
        missing.add("whether " + plural + " are served is not known yet: " + reason(trouble));
      } else if (watch != null && !watch.isListed()) {
        missing.add("the first list of " + plural + " has not come: " + reason(watch.trouble()));
      }
    }
    return missing;
  }

  private static String reason(@Nullable String trouble) {
    return trouble == null ? "it is being asked for" : trouble;
  }

  /** Whether changes of the kind come in at this moment; null if it is not served. */
  @Nullable Boolean isWatching(Class<? extends HasMetadata> kind) {
    KindWatch<?> watch = watches.get(kind);
    return watch == null ? null : watch.isWatching();
  }

  private static boolean isTimeout(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof HttpTimeoutException || cause instanceof TimeoutException) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void close() {
    watches.values().forEach(KindWatch::close);
    client.close();
  }
}
