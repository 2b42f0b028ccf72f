package io.weftmesh.lab.mesh;

import java.time.Duration;

/**
 * What differs between meshes of a lab.
 *
 * @param leafLifetime how long a workload's certificate is valid
 */
public record MeshSettings(Duration leafLifetime) {
  /** As in production. */
  public static final MeshSettings DEFAULT = new MeshSettings(Duration.ofHours(1));
}
