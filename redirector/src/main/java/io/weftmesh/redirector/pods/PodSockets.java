package io.weftmesh.redirector.pods;

import io.weftmesh.redirector.lease.Descriptor;
import io.weftmesh.redirector.lease.Family;
import io.weftmesh.redirector.lease.Listeners;
import io.weftmesh.redirector.lease.Reason;
import io.weftmesh.redirector.lease.RedirectorClient;
import io.weftmesh.redirector.lease.RedirectorException;
import io.weftmesh.redirector.linux.Errno;
import io.weftmesh.redirector.linux.LinuxException;
import io.weftmesh.redirector.linux.Sockets;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The sockets that are opened in a pod. Every method is called on a thread of its namespace. */
final class PodSockets {
  /**
   * Connections that wait while node-proxy is restarted: the kernel's own default for the limit
   * that a namespace sets ({@code somaxconn}).
   */
  private static final int BACKLOG = 4096;

  private PodSockets() {}

  static Listeners listen() throws IOException {
    Descriptor outbound = listen(Listeners.OUTBOUND_PORT);
    Descriptor inbound = null;
    try {
      inbound = listen(Listeners.INBOUND_PORT);
      return new Listeners(outbound, inbound, listen(Listeners.TUNNEL_PORT));
    } catch (IOException failed) {
      outbound.close();
      if (inbound != null) {
        inbound.close();
      }
      throw failed;
    }
  }

  /** Opens all of them or none. */
  static List<Descriptor> lease(Family family, int count) throws IOException {
    List<Descriptor> sockets = new ArrayList<>(count);
    try {
      for (int i = 0; i < count; i++) {
        sockets.add(outgoing(family));
      }
      return sockets;
    } catch (IOException failed) {
      for (Descriptor socket : sockets) {
        socket.close();
      }
      throw failed;
    }
  }

  /** Whether the socket is a TCP listener on that port. */
  static boolean listensOn(int socket, int port) throws LinuxException {
    return Sockets.option(socket, Sockets.SOL_SOCKET, Sockets.SO_TYPE) == Sockets.SOCK_STREAM
        && Sockets.option(socket, Sockets.SOL_SOCKET, Sockets.SO_ACCEPTCONN) == 1
        && Sockets.localPort(socket) == port;
  }

  private static Descriptor listen(int port) throws IOException {
    boolean dualStack = true;
    int number;
    try {
      number = Sockets.socket(Sockets.AF_INET6, Sockets.SOCK_STREAM | Sockets.SOCK_NONBLOCK);
    } catch (LinuxException failed) {
      if (failed.errno() != Errno.EAFNOSUPPORT) {
        throw failed;
      }
      dualStack = false;
      number = Sockets.socket(Sockets.AF_INET, Sockets.SOCK_STREAM | Sockets.SOCK_NONBLOCK);
    }
    Descriptor socket = new Descriptor(number);
    try {
      if (dualStack) {
        Sockets.setOption(number, Sockets.SOL_IPV6, Sockets.IPV6_V6ONLY, 0);
      }
      // Connections of an earlier process may linger on the port; a listener still excludes ours.
      Sockets.setOption(number, Sockets.SOL_SOCKET, Sockets.SO_REUSEADDR, 1);
      Sockets.setOption(number, Sockets.SOL_TCP, Sockets.TCP_NODELAY, 1);
      Sockets.bindAny(number, dualStack ? Sockets.AF_INET6 : Sockets.AF_INET, port);
      Sockets.listen(number, BACKLOG);
      return socket;
    } catch (LinuxException failed) {
      socket.close();
      if (failed.errno() == Errno.EADDRINUSE) {
        throw new RedirectorException(
            Reason.PORT_TAKEN,
            "a process in the pod listens on port " + port + ", which the mesh needs",
            failed);
      }
      throw failed;
    }
  }

  private static Descriptor outgoing(Family family) throws LinuxException {
    boolean v6 = family == Family.IPV6;
    int number =
        Sockets.socket(
            v6 ? Sockets.AF_INET6 : Sockets.AF_INET, Sockets.SOCK_STREAM | Sockets.SOCK_NONBLOCK);
    try {
      Sockets.setOption(number, Sockets.SOL_SOCKET, Sockets.SO_MARK, RedirectorClient.MARK);
      Sockets.setOption(
          number,
          v6 ? Sockets.SOL_IPV6 : Sockets.SOL_IP,
          v6 ? Sockets.IPV6_TRANSPARENT : Sockets.IP_TRANSPARENT,
          1);
      Sockets.setOption(number, Sockets.SOL_IP, Sockets.IP_BIND_ADDRESS_NO_PORT, 1);
      Sockets.setOption(number, Sockets.SOL_TCP, Sockets.TCP_NODELAY, 1);
      return new Descriptor(number);
    } catch (LinuxException failed) {
      new Descriptor(number).close();
      throw failed;
    }
  }
}
