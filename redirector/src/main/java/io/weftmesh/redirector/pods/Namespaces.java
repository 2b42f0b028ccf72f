package io.weftmesh.redirector.pods;

import io.weftmesh.redirector.lease.PodRef;
import io.weftmesh.redirector.lease.Reason;
import io.weftmesh.redirector.lease.RedirectorException;
import io.weftmesh.redirector.linux.Files;
import io.weftmesh.redirector.netns.NamespaceFinder;
import io.weftmesh.redirector.netns.NetworkNamespace;
import java.io.IOException;
import java.util.List;

/** Pods' namespaces, and those that are never touched. Thread-safe. */
public final class Namespaces {
  private final NamespaceFinder finder;
  private final List<Files.Identity> forbidden;

  /**
   * @param forbidden the host's namespace and this process' own
   */
  public Namespaces(NamespaceFinder finder, List<Files.Identity> forbidden) {
    this.finder = finder;
    this.forbidden = List.copyOf(forbidden);
  }

  /** The pod's namespace, which the caller closes. */
  NetworkNamespace require(PodRef pod) throws IOException {
    NetworkNamespace namespace = finder.find(pod.uid());
    if (namespace == null) {
      throw new RedirectorException(
          Reason.NAMESPACE_NOT_FOUND, pod + " has no network namespace on this node");
    }
    if (forbidden.contains(namespace.identity())) {
      namespace.close();
      throw new RedirectorException(
          Reason.HOST_NAMESPACE,
          pod + " is in the host's network namespace, which is not captured");
    }
    return namespace;
  }

  boolean isKept(Capture capture) {
    return finder.isKept(capture.pod().uid(), capture.namespace());
  }
}
