package io.weftmesh.policy.model;

/**
 * How much of a backend may be in use at once, on each node. {@link #UNLIMITED} is no limit.
 *
 * @param connections open to its endpoints
 * @param pendingRequests that wait for a connection
 * @param concurrentRequests sent and not answered to the end
 */
public record TrafficLimits(int connections, int pendingRequests, int concurrentRequests) {
  public static final int UNLIMITED = Integer.MAX_VALUE;

  public static final TrafficLimits NONE = new TrafficLimits(UNLIMITED, UNLIMITED, UNLIMITED);
}
