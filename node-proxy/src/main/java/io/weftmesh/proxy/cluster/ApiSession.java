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
import io.weftmesh.policy.v1alpha1.PolicyObject;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
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

  /**
   * How many checks in a row a watch may be away while the server answers: more than the longest
   * pause of the client, which takes a watch up where it was, without a list.
   */
  private static final int CHECKS_UNTIL_STUCK = 6;

  private final KubernetesClient client;
  private final String node;
  private final Set<Class<? extends HasMetadata>> kinds;
  private final KnownObjects known;
  private final Runnable changed;
  private final ServedKinds served;
  private final Map<Class<? extends HasMetadata>, KindWatch<?>> watches = new HashMap<>();
  private final Set<Class<? extends HasMetadata>> unserved = new HashSet<>();
  private @Nullable String trouble;
  private volatile long heardNanos = System.nanoTime();
  private int silent;
  private boolean answering = true;

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

  /**
   * Whether the connection is alive, as far as can be told; blocks for a time-out at most. A server
   * that tells of changes is alive however slowly it answers.
   *
   * @param quiet how long it must have told of nothing to be asked
   */
  boolean check(Duration quiet) {
    if (System.nanoTime() - heardNanos < quiet.toNanos()) {
      silent = 0;
      answering = true;
      return true;
    }
    try {
      // Costs it least, and is answered before other questions.
      client.raw("/livez");
      silent = 0;
      answering = true;
    } catch (KubernetesClientException failure) {
      // A server that refuses, or says no, is there: the watches will find it.
      silent = isTimeout(failure) ? silent + 1 : 0;
      answering = false;
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
      served.askAgain();
    }
    for (Class<? extends HasMetadata> kind : kinds) {
      dropIfStuck(kind);
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
      if (known.retain(kind, Set.of())) {
        changed.run();
      }
    }
  }

  /**
   * A watch that fails after its list is made again by the client alone, which never asks whether
   * the kind is still served as it was. What is known of it stays, until discovery says otherwise.
   */
  private void dropIfStuck(Class<? extends HasMetadata> kind) {
    KindWatch<?> watch = watches.get(kind);
    if (watch != null && answering && watch.isStuck(CHECKS_UNTIL_STUCK)) {
      watch.close();
      watches.remove(kind);
      served.askAgain();
    }
  }

  private <T extends HasMetadata> KindWatch<?> watch(
      Class<T> kind, ResourceDefinitionContext found) {
    // Ours are read strictly, one by one: what a newer version wrote must not keep the others away.
    if (found.getVersion().equals(HasMetadata.getVersion(kind))
        && !PolicyObject.class.isAssignableFrom(kind)) {
      return new KindWatch<>(kind, resources(kind), kind, object -> object, known, this::heard);
    }
    return new KindWatch<>(
        kind,
        client.genericKubernetesResources(found).inAnyNamespace(),
        GenericKubernetesResource.class,
        object -> client.getKubernetesSerialization().convertValue(object, kind),
        known,
        this::heard);
  }

  private void heard(boolean matters) {
    heardNanos = System.nanoTime();
    if (matters) {
      changed.run();
    }
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
