package io.weftmesh.ca.server.rotation;

import java.io.IOException;
import java.util.Optional;

/**
 * Where the keys and the state of the rotation are kept: in one piece, so that they always agree.
 */
public interface TrustStore {
  /**
   * What was saved last, if anything ever was.
   *
   * @throws IOException if it cannot be read or understood: never begin anew then
   */
  Optional<TrustState> load() throws IOException;

  /** Replaces what was saved, and returns when that is durable. */
  void save(TrustState state) throws IOException;
}
