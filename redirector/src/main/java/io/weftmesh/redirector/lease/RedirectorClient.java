package io.weftmesh.redirector.lease;

import io.weftmesh.redirector.lease.wire.Codec;
import io.weftmesh.redirector.lease.wire.Message.Arm;
import io.weftmesh.redirector.lease.wire.Message.Close;
import io.weftmesh.redirector.lease.wire.Message.Disarm;
import io.weftmesh.redirector.lease.wire.Message.Done;
import io.weftmesh.redirector.lease.wire.Message.Hello;
import io.weftmesh.redirector.lease.wire.Message.Lease;
import io.weftmesh.redirector.lease.wire.Message.Leased;
import io.weftmesh.redirector.lease.wire.Message.ListEnd;
import io.weftmesh.redirector.lease.wire.Message.ListNodeAddresses;
import io.weftmesh.redirector.lease.wire.Message.ListPods;
import io.weftmesh.redirector.lease.wire.Message.Listed;
import io.weftmesh.redirector.lease.wire.Message.NodeAddresses;
import io.weftmesh.redirector.lease.wire.Message.Open;
import io.weftmesh.redirector.lease.wire.Message.Opened;
import io.weftmesh.redirector.lease.wire.Message.Restore;
import io.weftmesh.redirector.lease.wire.Message.Welcome;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A connection to the redirector of this node. Thread-safe: requests of several threads run side by
 * side. Every method blocks until the redirector has answered, so none may be called on an event
 * loop; a virtual thread may call them.
 *
 * <p>Every request may be repeated: what is in place already stays as it is. When the connection is
 * lost, connect anew, {@link #restore} every pod that is held, and compare with {@link #list}.
 *
 * <p>Closing the client closes no pod: the redirector goes on holding its listeners and rules.
 */
public final class RedirectorClient implements AutoCloseable {
  /** The most sockets of one {@link #lease}. */
  public static final int MAX_LEASE = Codec.MAX_LEASE;

  /** {@code SO_MARK} of leased sockets, by which the rules know the proxy's own connections. */
  public static final int MARK = 0x77ef;

  private final Connection connection;
  private final String instance;

  private RedirectorClient(Connection connection, String instance) {
    this.connection = connection;
    this.instance = instance;
  }

  /**
   * Connects and says hello.
   *
   * @param socket where the redirector listens
   * @param generation names this process in the redirector's log
   * @throws RedirectorException {@link Reason#DISCONNECTED} if nobody listens or this user is
   *     refused, {@link Reason#VERSION} if there is no common version
   */
  public static RedirectorClient connect(
      Path socket, String generation, RedirectorListener listener) throws RedirectorException {
    Connection connection = Connection.open(socket, listener);
    try {
      Welcome welcome =
          connection
              .call(new Hello(Codec.VERSION, Codec.VERSION, generation))
              .only(Welcome.class, 0)
              .message();
      return new RedirectorClient(connection, welcome.instance());
    } catch (RedirectorException refused) {
      connection.close();
      throw refused;
    }
  }

  /** Names the redirector's process; another one after its restart. */
  public String instance() {
    return instance;
  }

  /**
   * Tells the redirector of a pod whose listeners this process holds, in case it was restarted. The
   * descriptors stay the caller's.
   *
   * @return the state of the pod
   * @throws RedirectorException {@link Reason#NOT_ITS_LISTENERS} if the pod has another namespace
   *     by now: close the listeners and open it again
   */
  public CaptureState restore(HeldPod held) throws RedirectorException {
    Listeners listeners = held.listeners();
    Answer<Opened> answer =
        connection
            .call(
                new Restore(held.pod()),
                listeners.outbound().number(),
                listeners.inbound().number(),
                listeners.tunnel().number())
            .only(Opened.class, 0);
    return answer.message().state();
  }

  /**
   * Finds the pod's network namespace and opens its three listeners there. Repeated, by any client,
   * it gives further descriptors of the same listeners, and the pod's new exclusions are applied.
   *
   * @throws RedirectorException {@link Reason#NAMESPACE_NOT_FOUND}, {@link Reason#HOST_NAMESPACE}
   *     or {@link Reason#PORT_TAKEN}
   */
  public OpenedPod open(PodRef pod) throws RedirectorException {
    Answer<Opened> answer = connection.call(new Open(pod)).only(Opened.class, 3);
    return new OpenedPod(pod, answer.message().state(), answer.listeners());
  }

  /** Redirects every new TCP connection of the pod to its listeners. */
  public void arm(String podUid) throws RedirectorException {
    connection.call(new Arm(podUid)).only(Done.class, 0);
  }

  /** Redirects no new connection; those that were redirected go on. The first step of the end. */
  public void disarm(String podUid) throws RedirectorException {
    connection.call(new Disarm(podUid)).only(Done.class, 0);
  }

  /**
   * Removes every trace from the pod's namespace and forgets it, for all clients: every copy of its
   * listeners stops listening. Connections that were redirected hang from then on: disarm first,
   * and let them end.
   */
  public void release(String podUid) throws RedirectorException {
    connection.call(new Close(podUid)).only(Done.class, 0);
  }

  /**
   * Opens outgoing TCP sockets in the pod's namespace: marked, transparent (they may be bound to an
   * address that is not the pod's, and port 0), port chosen at connect, no delay, non-blocking.
   *
   * @param count 1 to {@link #MAX_LEASE}
   */
  public List<Descriptor> lease(String podUid, Family family, int count)
      throws RedirectorException {
    if (count < 1 || count > MAX_LEASE) {
      throw new IllegalArgumentException(
          "sockets to lease are " + count + ", expected 1 to " + MAX_LEASE);
    }
    Answer<Leased> answer =
        connection.call(new Lease(podUid, family, count)).only(Leased.class, count);
    return answer.descriptors();
  }

  /** Every pod that is open, whoever opened it, with descriptors of its listeners if asked for. */
  public RedirectorState list(boolean withListeners) throws RedirectorException {
    List<PodState> pods = new ArrayList<>();
    try (Answers answers = connection.call(new ListPods(withListeners))) {
      while (answers.size() > 1) {
        Answer<Listed> listed = answers.next(Listed.class, withListeners ? 3 : 0);
        pods.add(
            new PodState(
                listed.message().pod(),
                listed.message().state(),
                withListeners ? listed.listeners() : null));
      }
      return new RedirectorState(pods, answers.next(ListEnd.class, 0).message().counters());
    } catch (RedirectorException failed) {
      new RedirectorState(pods, new Counters(0, 0, 0)).close();
      throw failed;
    }
  }

  /**
   * The node's own addresses, from which kubelet's probes come.
   *
   * @param refresh whether to read them anew rather than as they were last read
   */
  public List<InetAddress> nodeAddresses(boolean refresh) throws RedirectorException {
    return connection
        .call(new ListNodeAddresses(refresh))
        .only(NodeAddresses.class, 0)
        .message()
        .addresses();
  }

  /** Ends the connection. Requests under way fail. */
  @Override
  public void close() {
    connection.close();
  }
}
