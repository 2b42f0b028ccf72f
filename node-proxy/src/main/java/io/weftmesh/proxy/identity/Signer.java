package io.weftmesh.proxy.identity;

import io.weftmesh.ca.api.SpiffeId;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** Who signs certificates: the ca, or in tests what stands for it. */
@FunctionalInterface
public interface Signer {
  /**
   * Asks for a certificate; answers within bounded time, on any thread.
   *
   * @param request PKCS #10, DER
   * @return the chain in DER, the leaf first, or a failure
   */
  CompletionStage<List<byte[]>> sign(SpiffeId id, byte[] request);
}
