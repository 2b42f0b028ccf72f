package io.weftmesh.proxy.tunnel;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** The captured pods of this node. Thread-safe, never blocks. */
@FunctionalInterface
public interface LocalPods {
  /** The pod that has this address now and is captured, or null. */
  @Nullable LocalPod byAddress(InetAddress address);
}
