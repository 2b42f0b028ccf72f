package io.weftmesh.policy.model;

import java.util.List;

/**
 * A backend and its share.
 *
 * @param weight from 0, which is no share, to {@value #MAX_WEIGHT}
 * @param filters done to what goes to this backend, after those of the rule
 */
public record WeightedBackend(Backend backend, int weight, List<Filter> filters) {
  /** The bound that Gateway API sets, too. */
  public static final int MAX_WEIGHT = 1_000_000;

  public WeightedBackend {
    if (weight < 0 || weight > MAX_WEIGHT) {
      throw new IllegalArgumentException(
          "weight " + weight + " of " + backend + ", expected 0 to " + MAX_WEIGHT);
    }
    filters = List.copyOf(filters);
  }

  public WeightedBackend(Backend backend, int weight) {
    this(backend, weight, List.of());
  }
}
