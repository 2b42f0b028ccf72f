package io.weftmesh.proxy.main;

import io.weftmesh.proxy.admin.explain.Peers;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.identity.WorkloadDirectory;
import io.weftmesh.proxy.identity.WorkloadEntry;
import io.weftmesh.proxy.identity.WorkloadState;
import io.weftmesh.proxy.tunnel.LocalPod;
import io.weftmesh.proxy.tunnel.LocalPods;
import java.net.InetAddress;

/** Says how connections to endpoints are made, by what the directory tells at the moment. */
final class MeshPeers implements Peers {
  private final LocalPods localPods;
  private final WorkloadDirectory directory;

  MeshPeers(LocalPods localPods, WorkloadDirectory directory) {
    this.localPods = localPods;
    this.directory = directory;
  }

  @Override
  public String connection(Endpoint endpoint) {
    InetAddress address = endpoint.address().getAddress();
    LocalPod here = localPods.byAddress(address);
    if (here != null) {
      return "same_node: " + here.identity() + " is a pod of this node, no TLS";
    }
    WorkloadEntry entry = directory.byAddress(address);
    if (entry != null) {
      return entry.state() == WorkloadState.CAPTURED
          ? "mtls: it must show " + entry.id()
          : "mtls if its node's proxy answers as "
              + entry.id()
              + ", which has not said that it captures the pod; else plaintext, where"
              + " MeshSecurity allows that";
    }
    return directory.isKnown()
        ? "plaintext: it is not in the mesh"
        : "not decided: the ca has not said since this proxy's start whether it is in the mesh";
  }

  @Override
  public boolean isOutside(InetAddress address) {
    return localPods.byAddress(address) == null
        && directory.stateOf(address) == WorkloadState.OUTSIDE;
  }
}
