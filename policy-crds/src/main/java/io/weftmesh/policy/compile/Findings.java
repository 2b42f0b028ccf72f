package io.weftmesh.policy.compile;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Gathers the problems of one object while it is compiled. */
final class Findings {
  private final Written<?> object;
  private final Set<Problem> all;
  private final String consequence;
  private boolean invalid;

  /**
   * @param all where the problems go
   * @param consequence what it means that the object is invalid
   */
  Findings(Written<?> object, Set<Problem> all, String consequence) {
    this.object = object;
    this.all = all;
    this.consequence = consequence;
  }

  /** Something is there that makes the object as a whole unfit. */
  void invalid(String field, String what) {
    invalid = true;
    add(field, Problem.Reason.INVALID, what, consequence);
  }

  /** Something is there for which the object does nothing at all. */
  void idle(String field, Problem.Reason reason, String what) {
    add(field, reason, what, "this object does nothing until that is mended");
  }

  void add(String field, Problem.Reason reason, String what, String consequence) {
    all.add(new Problem(object.toString(), field, reason, what, consequence));
  }

  boolean isInvalid() {
    return invalid;
  }

  /** A number within bounds; null if there is none, or if it is out of bounds. */
  @Nullable Integer within(String field, @Nullable Integer value, int min, int max) {
    if (value != null && (value < min || value > max)) {
      invalid(field, "is " + value + ", expected " + min + " to " + max);
      return null;
    }
    return value;
  }

  /** A value that must be there; null if it isn't, or is empty. */
  @Nullable String required(String field, @Nullable String value) {
    if (value == null || value.isBlank()) {
      invalid(field, "is missing");
      return null;
    }
    return value;
  }
}
