package io.weftmesh.lab.mesh;

import java.time.Duration;

/**
 * What differs between meshes of a lab.
 *
 * @param leafLifetime how long a workload's certificate is valid
 * @param training whether the ca and the processes of the first node write their AOT caches when
 *     they end, see {@link Training}
 */
public record MeshSettings(Duration leafLifetime, boolean training) {
  /** As in production. */
  public static final MeshSettings DEFAULT = new MeshSettings(Duration.ofHours(1), false);

  /** As in production, but for the lifetime of certificates. */
  public static MeshSettings withLeafLifetime(Duration leafLifetime) {
    return new MeshSettings(leafLifetime, false);
  }
}
