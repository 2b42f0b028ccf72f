package io.weftmesh.redirector.lease;

import io.weftmesh.redirector.lease.wire.Message;
import java.util.List;

/** One reply and the descriptors that came with it. */
record Answer<M extends Message>(M message, List<Descriptor> descriptors) {

  /** The three descriptors as a pod's listeners. */
  Listeners listeners() {
    return Listeners.of(descriptors);
  }

  void close() {
    for (Descriptor descriptor : descriptors) {
      descriptor.close();
    }
  }
}
