package io.weftmesh.redirector.netns;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Finds the network namespace of a pod. */
public interface NamespaceFinder {
  /**
   * The namespace of the pod, or null if there is none now. Verified to be a network namespace;
   * whether it is the host's is the caller's to check.
   */
  @Nullable NetworkNamespace find(String podUid) throws IOException;

  /** Whether the pod's namespace is kept by something other than its processes. */
  boolean isKept(String podUid, NetworkNamespace namespace);
}
