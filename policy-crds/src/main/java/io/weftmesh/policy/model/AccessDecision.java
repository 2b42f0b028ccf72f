package io.weftmesh.policy.model;

/** Whether somebody may call. */
public sealed interface AccessDecision {
  AccessDecision ALLOW = new Allow();

  /** Yes. */
  record Allow() implements AccessDecision {}

  /**
   * No.
   *
   * @param rule which rule says so, or that none allows it
   */
  record Deny(String rule) implements AccessDecision {}

  /** Yes, but it would be no if dry runs were enforced: to be counted and logged. */
  record DryRunDeny(String rule) implements AccessDecision {}
}
