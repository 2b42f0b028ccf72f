package io.weftmesh.proxy.http;

import java.time.Duration;

/**
 * The bounds of the HTTP data plane.
 *
 * @param maxHeadBytes of a request's or an answer's start line and headers together, and again of
 *     its trailers
 * @param headTimeout for a client to complete a head that it has begun
 * @param maxReplayBytes of a request's body that are kept so that it can be sent again
 * @param poolIdleTimeout after which an unused upstream connection is closed; shorter than what
 *     servers have, so that theirs seldom comes first
 * @param maxIdlePerPod unused upstream connections kept for one client pod on one event loop
 * @param maxUpstreamsPerPod upstream connections, used or not, of one client pod
 */
public record HttpSettings(
    int maxHeadBytes,
    Duration headTimeout,
    int maxReplayBytes,
    Duration poolIdleTimeout,
    int maxIdlePerPod,
    int maxUpstreamsPerPod) {
  public static final HttpSettings DEFAULT =
      new HttpSettings(
          60 * 1024, Duration.ofSeconds(60), 64 * 1024, Duration.ofSeconds(3), 256, 8192);

  public HttpSettings {
    if (maxHeadBytes < 1024 || maxHeadBytes > 1024 * 1024) {
      throw new IllegalArgumentException(
          "header limit " + maxHeadBytes + " bytes, expected 1024 to 1048576");
    }
    if (maxReplayBytes < 0 || maxReplayBytes > 16 * 1024 * 1024) {
      throw new IllegalArgumentException(
          "replay limit " + maxReplayBytes + " bytes, expected 0 to 16777216");
    }
    if (headTimeout.isNegative() || headTimeout.isZero() || poolIdleTimeout.isNegative()) {
      throw new IllegalArgumentException(
          "head timeout "
              + headTimeout
              + " and pool idle timeout "
              + poolIdleTimeout
              + " must be positive");
    }
  }

  /** The same, with another bound on heads. */
  public HttpSettings withMaxHeadBytes(int bytes) {
    return new HttpSettings(
        bytes, headTimeout, maxReplayBytes, poolIdleTimeout, maxIdlePerPod, maxUpstreamsPerPod);
  }
}
