package io.weftmesh.policy.model;

/** How an endpoint is chosen among those of a backend. */
public enum LoadBalancing {
  /** The better of two drawn at random, by expected wait. */
  PEAK_EWMA
}
