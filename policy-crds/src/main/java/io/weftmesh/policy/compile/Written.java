package io.weftmesh.policy.compile;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.weftmesh.policy.v1alpha1.PolicyObject;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * One object as a user wrote it, without the rest that Kubernetes keeps with it.
 *
 * @param created when; the beginning of time for an object that comes from a file
 * @param generation which version of the spec it is, for its status; 0 for an object from a file
 * @param spec null if there is none
 */
public record Written<S>(
    String kind,
    String namespace,
    String name,
    Instant created,
    long generation,
    @Nullable S spec) {

  /** Among objects that contradict each other the first in this order is in force. */
  static final Comparator<Written<?>> OLDEST_FIRST =
      Comparator.<Written<?>, Instant>comparing(Written::created)
          .thenComparing(Written::namespace)
          .thenComparing(Written::name);

  /** What is needed of an object. */
  public static <S> Written<S> of(PolicyObject<S> object) {
    return of(object, object.getSpec());
  }

  /** An object of a class that is not ours, and what was made of its spec. */
  static <S> Written<S> of(HasMetadata object, @Nullable S spec) {
    Long generation = object.getMetadata().getGeneration();
    return new Written<>(
        object.getKind(),
        object.getMetadata().getNamespace(),
        object.getMetadata().getName(),
        instant(object.getMetadata().getCreationTimestamp()),
        generation == null ? 0 : generation,
        spec);
  }

  private static Instant instant(@Nullable String timestamp) {
    try {
      return timestamp == null ? Instant.EPOCH : Instant.parse(timestamp);
    } catch (DateTimeException e) {
      return Instant.EPOCH;
    }
  }

  /** {@code TrafficShift shop/echo}. */
  @Override
  public String toString() {
    return kind + " " + namespace + "/" + name;
  }
}
