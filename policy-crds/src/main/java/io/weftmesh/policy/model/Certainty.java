package io.weftmesh.policy.model;

/** Whether a condition is met, where that cannot always be told. */
enum Certainty {
  NO,
  UNKNOWN,
  YES;

  static Certainty of(boolean met) {
    return met ? YES : NO;
  }

  /** Whether this and another condition are met. */
  Certainty and(Certainty other) {
    return compareTo(other) <= 0 ? this : other;
  }

  /** Whether this or another condition is met. */
  Certainty or(Certainty other) {
    return compareTo(other) >= 0 ? this : other;
  }
}
