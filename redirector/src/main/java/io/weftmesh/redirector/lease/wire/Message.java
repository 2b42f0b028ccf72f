package io.weftmesh.redirector.lease.wire;

import io.weftmesh.redirector.lease.CaptureState;
import io.weftmesh.redirector.lease.Counters;
import io.weftmesh.redirector.lease.Family;
import io.weftmesh.redirector.lease.PodRef;
import io.weftmesh.redirector.lease.Reason;
import java.net.InetAddress;
import java.util.List;

/**
 * The messages of the lease protocol. A request has one reply of the same sequence number (a list:
 * several, up to {@link ListEnd}); events have the sequence number 0.
 *
 * <p>Where a message says <em>listeners</em>, three descriptors come with it, in the order
 * outbound, inbound, tunnel.
 */
public sealed interface Message {

  /** From node-proxy. */
  sealed interface Request extends Message {}

  /** From the redirector, to a request. */
  sealed interface Reply extends Message {}

  /** From the redirector, by itself. */
  sealed interface Event extends Message {}

  /**
   * The first message of a connection.
   *
   * @param oldestVersion the oldest version of the protocol that the client speaks
   * @param newestVersion the newest one
   * @param generation which process of node-proxy this is, for the log
   */
  record Hello(int oldestVersion, int newestVersion, String generation) implements Request {}

  /** A pod whose listeners the client holds, with the listeners. */
  record Restore(PodRef pod) implements Request {}

  /** Find the pod's namespace and open its listeners; repeated: the same ones again. */
  record Open(PodRef pod) implements Request {}

  /** Redirect new connections from now on. */
  record Arm(String podUid) implements Request {}

  /** Redirect no new connections, leave everything else in place. */
  record Disarm(String podUid) implements Request {}

  /** Remove every rule and forget the pod. */
  record Close(String podUid) implements Request {}

  /** Open outgoing sockets in the pod's namespace. */
  record Lease(String podUid, Family family, int count) implements Request {}

  /** Tell of every pod, with its listeners if asked for. */
  record ListPods(boolean withListeners) implements Request {}

  /** Tell the node's own addresses, read anew if asked for. */
  record ListNodeAddresses(boolean refresh) implements Request {}

  /**
   * The version that both sides speak from now on.
   *
   * @param instance which process of the redirector this is, for the log
   */
  record Welcome(int version, String instance) implements Reply {}

  /** Carried out. */
  record Done() implements Reply {}

  /** The state in which an opened pod was found, with its listeners. */
  record Opened(CaptureState state) implements Reply {}

  /** That many outgoing sockets, as descriptors. */
  record Leased(int count) implements Reply {}

  /** One pod of a list, with its listeners if asked for. */
  record Listed(PodRef pod, CaptureState state) implements Reply {}

  /** The end of a list. */
  record ListEnd(Counters counters) implements Reply {}

  /** The node's own addresses. */
  record NodeAddresses(List<InetAddress> addresses) implements Reply {
    /** Copies the list. */
    public NodeAddresses {
      addresses = List.copyOf(addresses);
    }
  }

  /** Not carried out, and why. */
  record Failed(Reason reason, String detail) implements Reply {}

  /** The pod ended; all of it is closed. */
  record PodAbandoned(String podUid) implements Event {}

  /** Rules of the pod were put back. */
  record RulesRepaired(String podUid, String detail) implements Event {}
}
