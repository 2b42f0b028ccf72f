package io.weftmesh.redirector.linux;

import java.util.ArrayList;
import java.util.List;

/** A netlink socket of the calling thread's network namespace. For one thread. */
public final class Netlink implements AutoCloseable {
  public static final int NETLINK_ROUTE = 0;
  public static final int NETLINK_NETFILTER = 12;

  private static final int AF_NETLINK = 16;
  private static final int SOCK_RAW = 3;
  private static final int MAX_PACKET_BYTES = 32 * 1024;

  private final int socket;

  /** Opens a socket; fails if the kernel has no such protocol. */
  public Netlink(int protocol) throws LinuxException {
    socket = Sockets.socket(AF_NETLINK, SOCK_RAW, protocol);
  }

  /**
   * Asks for a change, with {@link NetlinkRequest#NLM_F_ACK}, and waits for the answer.
   *
   * @throws LinuxException as the kernel refuses it
   */
  public void change(NetlinkRequest request) throws LinuxException {
    ask(request);
  }

  /** Asks for one message. */
  public List<NetlinkMessage> ask(NetlinkRequest request) throws LinuxException {
    Packets.send(socket, request.bytes());
    return checked(NetlinkMessage.parse(Packets.receive(socket, MAX_PACKET_BYTES).bytes()));
  }

  /** Asks for all messages, with {@link NetlinkRequest#NLM_F_DUMP}. */
  public List<NetlinkMessage> dump(NetlinkRequest request) throws LinuxException {
    Packets.send(socket, request.bytes());
    List<NetlinkMessage> all = new ArrayList<>();
    while (true) {
      Packet packet = Packets.receive(socket, MAX_PACKET_BYTES);
      for (NetlinkMessage message : checked(NetlinkMessage.parse(packet.bytes()))) {
        if (message.type() == NetlinkMessage.NLMSG_DONE) {
          return all;
        }
        all.add(message);
      }
      if (packet.isEnd()) {
        return all;
      }
    }
  }

  @Override
  public void close() {
    Files.close(socket);
  }

  private static List<NetlinkMessage> checked(List<NetlinkMessage> messages) throws LinuxException {
    for (NetlinkMessage message : messages) {
      if (message.type() == NetlinkMessage.NLMSG_ERROR && message.error() != 0) {
        throw new LinuxException("netlink", message.error());
      }
    }
    return messages;
  }
}
