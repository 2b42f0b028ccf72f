package io.weftmesh.redirector.relay;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.RawUnixChannelOption;
import io.weftmesh.redirector.lease.Descriptor;
import io.weftmesh.redirector.lease.Family;
import io.weftmesh.redirector.lease.Listeners;
import io.weftmesh.redirector.lease.RedirectorClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.ExecutorService;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The listeners of one pod and what is accepted there. */
@SuppressWarnings("FutureReturnValueIgnored") // Channels report failures to their handlers.
final class PodRelay {
  private static final RawUnixChannelOption ORIGINAL_V4 =
      new RawUnixChannelOption("SO_ORIGINAL_DST", 0, 80, 16);
  private static final RawUnixChannelOption ORIGINAL_V6 =
      new RawUnixChannelOption("IP6T_SO_ORIGINAL_DST", 41, 80, 28);

  private final EventLoopGroup loops;
  private final ExecutorService leasing;
  private final LeasePool v4;
  private final LeasePool v6;

  PodRelay(
      String podUid,
      EventLoopGroup loops,
      ExecutorService leasing,
      Supplier<RedirectorClient> client) {
    this.loops = loops;
    this.leasing = leasing;
    this.v4 = new LeasePool(client, podUid, Family.IPV4);
    this.v6 = new LeasePool(client, podUid, Family.IPV6);
  }

  /** Accepts on the pod's listeners, which stay the caller's. */
  void accept(Listeners listeners) throws IOException {
    accept(listeners.outbound().duplicate(), false);
    accept(listeners.inbound().duplicate(), true);
  }

  private void accept(Descriptor listener, boolean inbound) {
    EpollServerSocketChannel server = new EpollServerSocketChannel(listener.take());
    server.config().setAutoRead(true);
    server
        .pipeline()
        .addLast(
            new ChannelInboundHandlerAdapter() {
              @Override
              public void channelRead(ChannelHandlerContext context, Object accepted) {
                EpollSocketChannel client = (EpollSocketChannel) accepted;
                client.config().setAutoRead(false).setAllowHalfClosure(true);
                loops.register(client).addListener(registered -> connect(client, inbound));
              }
            });
    loops.register(server);
  }

  private void connect(EpollSocketChannel client, boolean inbound) {
    InetSocketAddress target = originalDestination(client);
    if (target == null || target.getPort() == client.localAddress().getPort()) {
      client.close();
      return;
    }
    InetAddress source = inbound ? client.remoteAddress().getAddress() : null;
    leasing.execute(() -> {
      try {
        LeasePool pool = Family.of(target.getAddress()) == Family.IPV4 ? v4 : v6;
        connect(client, pool.take(), source, target);
      } catch (IOException failed) {
        client.close();
      }
    });
  }

  private static void connect(
      EpollSocketChannel client,
      Descriptor leased,
      @Nullable InetAddress source,
      InetSocketAddress target) {
    int number = leased.take();
    Bootstrap bootstrap =
        new Bootstrap()
            .group(client.eventLoop())
            .channelFactory(() -> new EpollSocketChannel(number))
            .option(ChannelOption.AUTO_READ, false)
            .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {}
                });
    ChannelFuture connecting =
        source == null
            ? bootstrap.connect(target)
            : bootstrap.connect(target, new InetSocketAddress(source, 0));
    connecting.addListener(done -> {
      EpollSocketChannel upstream = (EpollSocketChannel) connecting.channel();
      if (!done.isSuccess()) {
        System.out.println("cannot connect to " + target + ": " + done.cause());
        client.config().setSoLinger(0);
        client.close();
        return;
      }
      client.pipeline().addLast(new Forward(upstream));
      upstream.pipeline().addLast(new Forward(client));
      client.config().setAutoRead(true);
      upstream.config().setAutoRead(true);
    });
  }

  private static @Nullable InetSocketAddress originalDestination(EpollSocketChannel client) {
    boolean isV4 = Family.of(client.remoteAddress().getAddress()) == Family.IPV4;
    RawUnixChannelOption option = isV4 ? ORIGINAL_V4 : ORIGINAL_V6;
    ByteBuffer address = client.config().getOption(option);
    if (address == null) {
      return null;
    }
    byte[] bytes = new byte[isV4 ? 4 : 16];
    address.get(isV4 ? 4 : 8, bytes);
    try {
      return new InetSocketAddress(
          InetAddress.getByAddress(bytes), Short.toUnsignedInt(address.getShort(2)));
    } catch (IOException impossible) {
      throw new AssertionError(impossible);
    }
  }
}
