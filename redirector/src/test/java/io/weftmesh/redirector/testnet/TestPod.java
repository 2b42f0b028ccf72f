package io.weftmesh.redirector.testnet;

import io.weftmesh.redirector.lease.Exclusions;
import io.weftmesh.redirector.lease.PodRef;
import io.weftmesh.redirector.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

/** One pod: a namespace with a link. Sockets are of the namespace in which they were opened. */
public final class TestPod implements AutoCloseable {
  private final String uid;
  private final InetAddress v4;
  private final InetAddress v6;
  private final NetworkNamespace namespace;
  private final List<EchoServer> servers = new ArrayList<>();

  TestPod(String uid, InetAddress v4, InetAddress v6) throws IOException {
    this.uid = uid;
    this.v4 = v4;
    this.v6 = v6;
    this.namespace = NetworkNamespace.open(TestNetwork.DIRECTORY.resolve(uid).toString());
  }

  public String uid() {
    return uid;
  }

  public InetAddress v4() {
    return v4;
  }

  public InetAddress v6() {
    return v6;
  }

  public NetworkNamespace namespace() {
    return namespace;
  }

  public PodRef ref() {
    return ref(Exclusions.NONE);
  }

  public PodRef ref(Exclusions exclusions) {
    return new PodRef(uid, "test", "pod", List.of(v4, v6), exclusions);
  }

  /** What a program prints inside. */
  public String run(String words) {
    return Shell.run("ip netns exec " + uid + " " + words);
  }

  /**
   * The rules and chains of both families and both backends, and the routing rules. No dates and
   * counts; nor the kernel's own chains, which are there from the first use of iptables on.
   */
  public String rules() {
    String all =
        run("iptables-nft-save")
            + run("ip6tables-nft-save")
            + run("iptables-legacy-save")
            + run("ip6tables-legacy-save")
            + run("ip rule")
            + run("ip -6 rule");
    return all.replaceAll("(?m)^(#|\\*|COMMIT|:[A-Z]+ ACCEPT).*\n", "")
        .replaceAll("\\[\\d+:\\d+]", "");
  }

  /** A process inside that does nothing until it is destroyed. */
  public Process startProcess() throws IOException {
    return new ProcessBuilder("ip", "netns", "exec", uid, "sleep", "600").start();
  }

  /** A listener on all addresses of the pod. */
  public ServerSocketChannel listen(int port) throws IOException {
    return namespace.call(() -> {
      ServerSocketChannel listener = ServerSocketChannel.open();
      return listener.bind(new InetSocketAddress(port), 4096);
    });
  }

  /** An {@link EchoServer} that lives as long as the pod. */
  public void serveEcho(int port) throws IOException {
    servers.add(new EchoServer(this, port));
  }

  /** A connection from the pod. */
  public SocketChannel connect(InetAddress address, int port) throws IOException {
    SocketChannel socket =
        namespace.call(() ->
            SocketChannel.open(
                address.getAddress().length == 4
                    ? StandardProtocolFamily.INET
                    : StandardProtocolFamily.INET6));
    try {
      socket.connect(new InetSocketAddress(address, port));
      return socket;
    } catch (IOException failed) {
      socket.close();
      throw failed;
    }
  }

  /** Removes the file of the namespace, but nothing that keeps it alive. */
  public void deleteFile() {
    Shell.run("ip netns del " + uid);
  }

  /** Removes the namespace; sockets in it may keep it alive. Idempotent. */
  @Override
  public void close() {
    servers.forEach(EchoServer::close);
    namespace.close();
    if (Files.exists(TestNetwork.DIRECTORY.resolve(uid))) {
      Shell.run("ip netns del " + uid);
    }
  }
}
