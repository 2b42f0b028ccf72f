package io.weftmesh.redirector.server;

import io.weftmesh.redirector.lease.Descriptor;
import io.weftmesh.redirector.lease.wire.Message.Event;
import io.weftmesh.redirector.lease.wire.Message.PodAbandoned;
import io.weftmesh.redirector.lease.wire.Message.RulesRepaired;
import io.weftmesh.redirector.linux.Errno;
import io.weftmesh.redirector.linux.LinuxException;
import io.weftmesh.redirector.linux.Sockets;
import io.weftmesh.redirector.log.Log;
import io.weftmesh.redirector.pods.PodEvents;
import io.weftmesh.redirector.pods.Pods;
import io.weftmesh.redirector.pods.Tally;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Listens for node-proxies, checks who they are, and gives each a session of its own. */
public final class LeaseServer implements AutoCloseable, PodEvents {
  private static final int BACKLOG = 8;

  /** Two generations of node-proxy, and some that are about to notice that they are gone. */
  private static final int MAX_SESSIONS = 8;

  private static final int SEND_TIMEOUT_SECONDS = 5;
  private static final long EXHAUSTED_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final Path path;
  private final Descriptor socket;
  private final int allowedUid;
  private final Pods pods;
  private final NodeAddressBook nodeAddresses;
  private final Tally tally;
  private final Set<Session> sessions = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /**
   * Listens from now on; connections wait until {@link #run}.
   *
   * @param allowedUid the only user that may connect
   * @throws IOException if another redirector listens there, or the path can't be used
   */
  public LeaseServer(
      Path path, int allowedUid, Pods pods, NodeAddressBook nodeAddresses, Tally tally)
      throws IOException {
    this.path = path;
    this.allowedUid = allowedUid;
    this.pods = pods;
    this.nodeAddresses = nodeAddresses;
    this.tally = tally;
    removeStale(path);
    this.socket = new Descriptor(Sockets.socket(Sockets.AF_UNIX, Sockets.SOCK_SEQPACKET));
    try {
      Sockets.bindUnix(socket.number(), path);
      // Who may connect is decided by the peer's credentials, which can't be misconfigured.
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
      Sockets.listen(socket.number(), BACKLOG);
    } catch (IOException failed) {
      socket.close();
      throw new IOException("cannot listen at " + path + ": " + failed.getMessage(), failed);
    }
  }

  /** Accepts connections until the server is closed. */
  public void run() throws IOException {
    while (!closed) {
      try {
        welcome(new Descriptor(Sockets.accept(socket.number())));
      } catch (LinuxException failed) {
        if (closed) {
          return;
        }
        if (failed.errno() == Errno.EBADF || failed.errno() == Errno.EINVAL) {
          throw failed;
        }
        // Descriptors or memory are short: the client waits, as others may give some back.
        Log.warn("cannot accept a connection: " + failed.getMessage());
        LockSupport.parkNanos(EXHAUSTED_PAUSE_NANOS);
      }
    }
  }

  /** Ends every session. Pods stay as they are. */
  @Override
  public void close() throws IOException {
    closed = true;
    Sockets.shutdown(socket.number());
    for (Session session : sessions) {
      session.end();
    }
    Files.deleteIfExists(path);
  }

  @Override
  public void podAbandoned(String podUid) {
    tellAll(new PodAbandoned(podUid));
  }

  @Override
  public void rulesRepaired(String podUid, String detail) {
    tellAll(new RulesRepaired(podUid, detail));
  }

  void began(Session session) {
    sessions.add(session);
  }

  void ended(Session session) {
    sessions.remove(session);
  }

  private void tellAll(Event event) {
    for (Session session : sessions) {
      session.tell(event);
    }
  }

  private void welcome(Descriptor client) {
    try {
      Sockets.PeerCredentials peer = Sockets.peerCredentials(client.number());
      if (peer.uid() != allowedUid) {
        refuse(
            client,
            "user " + peer.uid() + " (pid " + peer.pid() + "), expected user " + allowedUid);
      } else if (sessions.size() >= MAX_SESSIONS) {
        refuse(client, "pid " + peer.pid() + ": " + MAX_SESSIONS + " connections are open already");
      } else {
        Sockets.setSendTimeout(client.number(), SEND_TIMEOUT_SECONDS);
        Requests requests = new Requests(pods, nodeAddresses, tally);
        Session session = new Session(client, "pid " + peer.pid(), requests, tally, this);
        Thread.ofPlatform().name("session-" + peer.pid()).daemon().start(session);
      }
    } catch (LinuxException ended) {
      client.close();
    } catch (OutOfMemoryError noThread) {
      refuse(client, "anybody: " + noThread.getMessage());
    }
  }

  private void refuse(Descriptor client, String who) {
    tally.refused();
    Log.warn("refused a connection of " + who);
    client.close();
  }

  /** A socket's file outlives its process; only one that nobody listens at may be replaced. */
  private static void removeStale(Path path) throws IOException {
    if (!Files.exists(path)) {
      return;
    }
    try (Descriptor probe =
        new Descriptor(Sockets.socket(Sockets.AF_UNIX, Sockets.SOCK_SEQPACKET))) {
      Sockets.connectUnix(probe.number(), path);
      throw new IOException("another redirector listens at " + path);
    } catch (LinuxException refused) {
      if (refused.errno() != Errno.ECONNREFUSED) {
        throw new IOException(
            path + " is in the way and no socket of a redirector: " + refused.getMessage(),
            refused);
      }
      Files.delete(path);
    }
  }
}
