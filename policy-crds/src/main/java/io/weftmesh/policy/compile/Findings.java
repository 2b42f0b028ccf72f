package io.weftmesh.policy.compile;

import io.weftmesh.policy.model.ServiceKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Gathers the problems of one object while it is compiled. */
final class Findings {
  private final Written<?> object;
  private final Set<Problem> all;
  private final String consequence;
  private final Problem.Reason reason;
  private final List<String> faults = new ArrayList<>();

  /**
   * @param all where the problems go
   * @param consequence what it means that the object is invalid
   */
  Findings(Written<?> object, Set<Problem> all, String consequence) {
    this(object, all, consequence, Problem.Reason.INVALID);
  }

  /**
   * @param reason what status calls it that the object is invalid
   */
  Findings(Written<?> object, Set<Problem> all, String consequence, Problem.Reason reason) {
    this.object = object;
    this.all = all;
    this.consequence = consequence;
    this.reason = reason;
  }

  /** Something is there that makes the object as a whole unfit. */
  void invalid(String field, String what) {
    invalid(field, reason, what);
  }

  /** The same, for a reason that status has a word of its own for. */
  void invalid(String field, Problem.Reason own, String what) {
    faults.add(field + " " + what);
    add(field, own, what, consequence);
  }

  /** Something is there for which the object does nothing at all. */
  void idle(String field, Problem.Reason reason, String what) {
    add(field, reason, what, "this object does nothing until that is mended");
  }

  void add(String field, Problem.Reason reason, String what, String consequence) {
    all.add(new Problem(object.toString(), field, reason, what, consequence));
  }

  boolean isInvalid() {
    return !faults.isEmpty();
  }

  /** What makes the object unfit, a sentence each. */
  List<String> faults() {
    return List.copyOf(faults);
  }

  /**
   * Fields that the object's class does not know: whoever wrote them wanted something of them.
   *
   * @param field where they stand; empty for the object's root
   */
  void nothingElse(String field, Map<String, Object> unknown) {
    for (String name : unknown.keySet()) {
      invalid(
          field.isEmpty() ? name : field + "." + name,
          "is no field that Weft knows, and is not passed over since it was meant to do something");
    }
  }

  /** An entry of a list, or part of an object, that must be there; null if it isn't. */
  <T> @Nullable T present(String field, @Nullable T value) {
    if (value == null) {
      invalid(field, "is missing");
    }
    return value;
  }

  /** A number within bounds; null if there is none, or if it is out of bounds. */
  @Nullable Integer within(String field, @Nullable Integer value, int min, int max) {
    if (value != null && (value < min || value > max)) {
      invalid(field, "is " + value + ", expected " + min + " to " + max);
      return null;
    }
    return value;
  }

  /** A number within bounds, or its default where it is left out or out of bounds. */
  int within(String field, @Nullable Integer value, int min, int max, int defaultValue) {
    Integer fit = within(field, value, min, max);
    return fit == null ? defaultValue : fit;
  }

  /** A number within bounds that must be there; the least one if it isn't, or is out of bounds. */
  int required(String field, @Nullable Integer value, int min, int max) {
    if (value == null) {
      invalid(field, "is missing, expected " + min + " to " + max);
    }
    return within(field, value, min, max, min);
  }

  /** A value that must be there; null if it isn't, or is empty. */
  @Nullable String required(String field, @Nullable String value) {
    if (value == null || value.isBlank()) {
      invalid(field, "is missing");
      return null;
    }
    return value;
  }

  /** The entries of a list that may be left out; empty, and a problem, if there are too many. */
  <T> List<T> atMost(String field, @Nullable List<T> list, int max) {
    if (list == null) {
      return List.of();
    }
    if (list.size() > max) {
      invalid(field, "has " + list.size() + " entries, expected at most " + max);
      return List.of();
    }
    return list;
  }

  /** A Service that traffic can be addressed to; null, and a problem, if there is none. */
  @Nullable ServiceShape target(String field, ServiceKey service, ServiceShape.Lookup services) {
    ServiceShape shape = services.find(service);
    if (shape == null) {
      idle(
          field,
          Problem.Reason.TARGET_NOT_FOUND,
          "is \"" + service.name() + "\", but there is no Service " + service);
      return null;
    }
    if (shape.type() != ServiceShape.Type.CLUSTER_IP) {
      idle(
          field,
          Problem.Reason.TARGET_UNSUPPORTED,
          "is \"" + service.name() + "\", which " + shape.type().text());
      return null;
    }
    return shape;
  }

  /** An older object speaks of the same thing already. */
  void conflict(String field, String name, Written<?> older) {
    idle(
        field,
        Problem.Reason.CONFLICTED,
        "is \"" + name + "\", which the older " + older + " speaks of already");
  }
}
