package io.weftmesh.proxy.tunnel;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.fixtures.TestAuthority;
import io.weftmesh.proxy.routing.Exclusions;
import io.weftmesh.proxy.routing.Workload;
import io.weftmesh.proxy.telemetry.Metrics;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Two nodes on the loopback: real sockets, real TLS, pods that are only names. What pods dial is
 * looked up here, since all of them have the same address.
 */
final class TestMesh implements AutoCloseable {
  static final String TRUST_DOMAIN = "cluster.local";
  static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

  final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
  final Metrics metrics = new Metrics();
  final TestIdentities identity = new TestIdentities(metrics);
  final TunnelMetrics tunnelMetrics = new TunnelMetrics(metrics);
  final TestInbound inbound = new TestInbound();
  final InstantSource clock = InstantSource.fixed(TestAuthority.NOW);

  /** Of the sockets beneath tunnels, on both sides. */
  final List<Channel> wires = new CopyOnWriteArrayList<>();

  private final Map<InetSocketAddress, InetSocketAddress> listeners = new ConcurrentHashMap<>();
  private final List<Channel> servers = new ArrayList<>();

  /** A pod with a certificate. */
  TestPod pod(String name) throws Exception {
    TestPod pod = new TestPod(name, LOOPBACK);
    identity.require(pod.identity());
    return pod;
  }

  HboneServer server(TunnelSettings settings) {
    return new HboneServer(
        identity.identities, identity.tls, inbound, settings, tunnelMetrics, clock);
  }

  TunnelPool pool(TunnelSettings settings) {
    return new TunnelPool(identity.tls, settings, tunnelMetrics, clock);
  }

  /** Listens for tunnels in the name of the pod, and has everybody find it. */
  InetSocketAddress listen(HboneServer server, LocalPod pod) {
    InetSocketAddress address = serve(server.initializer(pod));
    listeners.put(
        new InetSocketAddress(pod.workload().addresses().getFirst(), OwnPorts.HBONE), address);
    return address;
  }

  /** Has whoever dials the one address find the other. */
  void place(InetSocketAddress seen, InetSocketAddress real) {
    listeners.put(seen, real);
  }

  /** An application that does with each connection what the handler does. */
  InetSocketAddress serve(ChannelHandler child) {
    Channel server =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .childHandler(
                new ChannelInboundHandlerAdapter() {
                  @Override
                  public void handlerAdded(io.netty.channel.ChannelHandlerContext ctx) {
                    wires.add(ctx.channel());
                    ctx.pipeline().addLast(child).remove(this);
                  }

                  @Override
                  public boolean isSharable() {
                    return true;
                  }
                })
            .bind(LOOPBACK, 0)
            .syncUninterruptibly()
            .channel();
    servers.add(server);
    return (InetSocketAddress) server.localAddress();
  }

  /** Connects a socket; auto-read is off. */
  Future<DuplexChannel> dial(EventLoop loop, InetSocketAddress address) {
    Promise<DuplexChannel> promise = loop.newPromise();
    new Bootstrap()
        .group(loop)
        .channel(NioSocketChannel.class)
        .option(ChannelOption.AUTO_READ, false)
        .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 2000)
        .handler(new ChannelInboundHandlerAdapter())
        .connect(listeners.getOrDefault(address, address))
        .addListener(
            (io.netty.channel.ChannelFutureListener)
                connected -> {
                  if (connected.isSuccess()) {
                    wires.add(connected.channel());
                    promise.trySuccess((DuplexChannel) connected.channel());
                  } else {
                    promise.tryFailure(connected.cause());
                  }
                });
    return promise;
  }

  /** The value of a metric, 0 when there is none. */
  double metric(String series) {
    return metricsText()
        .lines()
        .filter(line -> line.startsWith(series + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
        .findFirst()
        .orElse(0);
  }

  String metricsText() {
    StringWriter text = new StringWriter();
    try {
      metrics.writeText(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  @Override
  public void close() {
    servers.forEach(server -> server.close().syncUninterruptibly());
    wires.forEach(wire -> wire.close().syncUninterruptibly());
    identity.close();
    loops.shutdownGracefully(0, 10, TimeUnit.SECONDS).syncUninterruptibly();
  }

  /** A pod that dials from nowhere in particular. */
  class TestPod implements LocalPod {
    private final Workload workload;
    private final SpiffeId identity;
    volatile InetAddress lastSource;

    /** What comes of connecting to an address, in place of dialling it. */
    final Map<InetSocketAddress, Supplier<Future<DuplexChannel>>> dials = new ConcurrentHashMap<>();

    TestPod(String name, InetAddress... addresses) {
      workload =
          new Workload(
              "uid-" + name,
              "shop",
              name,
              name,
              name,
              "node-a",
              List.of(addresses),
              Map.of(),
              Exclusions.NONE,
              List.of());
      identity = SpiffeId.workload(TRUST_DOMAIN, "shop", name);
    }

    @Override
    public Workload workload() {
      return workload;
    }

    @Override
    public boolean isLeaving() {
      return false;
    }

    @Override
    public SpiffeId identity() {
      return identity;
    }

    @Override
    public Future<DuplexChannel> connect(
        EventLoop loop, InetSocketAddress remote, InetAddress source) {
      lastSource = source;
      Supplier<Future<DuplexChannel>> instead = dials.get(remote);
      return instead == null ? dial(loop, remote) : instead.get();
    }
  }
}
