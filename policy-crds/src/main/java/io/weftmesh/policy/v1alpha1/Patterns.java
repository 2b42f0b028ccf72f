package io.weftmesh.policy.v1alpha1;

/** Patterns of fields. */
final class Patterns {
  /** RFC 1123, as Kubernetes has it. */
  static final String DNS_LABEL = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";

  /** A duration as Gateway API writes it (GEP-2257): {@code 1h30m}, {@code 250ms}. */
  static final String DURATION = "^([0-9]{1,5}(h|m|s|ms)){1,4}$";

  /** A token of RFC 9110, 5.6.2. */
  static final String HEADER_NAME = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";

  private Patterns() {}
}
