package io.weftmesh.ca.server.directory;

import java.util.Locale;

/** What became of a node's report that a pod is captured. */
public enum CaptureOutcome {
  ACCEPTED,
  /** It was known already. */
  REPEATED,
  /** The ca has not seen the pod yet, or not its label: remembered until it does. */
  EARLY,
  /** The pod is another node's, or too many early reports wait already. */
  REFUSED;

  /** The value of a metric's label. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
