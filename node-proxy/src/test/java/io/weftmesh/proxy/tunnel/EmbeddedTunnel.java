package io.weftmesh.proxy.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.proxy.routing.Exclusions;
import io.weftmesh.proxy.routing.Workload;
import io.weftmesh.proxy.telemetry.Metrics;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Both ends of one tunnel without sockets, TLS or threads: time and the way of each byte are the
 * test's. Every buffer is counted.
 */
final class EmbeddedTunnel {
  static final InetSocketAddress TARGET =
      new InetSocketAddress(InetAddress.ofLiteral("10.0.0.2"), 8080);
  private static final InetSocketAddress CLIENT =
      new InetSocketAddress(InetAddress.ofLiteral("10.0.0.1"), 0);

  final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false, true);
  final Metrics metrics = new Metrics();
  final List<Promise<DuplexChannel>> dials = new ArrayList<>();
  final List<InetSocketAddress> destinations = new ArrayList<>();
  final List<DuplexChannel> served = new ArrayList<>();
  final List<StreamRequest> again = new ArrayList<>();
  final EmbeddedChannel client;
  final EmbeddedChannel server;
  final ClientTunnel clientTunnel;
  final ServerTunnel serverTunnel;
  final Flushes clientFlushes = new Flushes();

  private final TunnelMetrics tunnelMetrics = new TunnelMetrics(metrics);
  private boolean connected = true;

  EmbeddedTunnel() {
    this(TunnelSettings.DEFAULT);
  }

  EmbeddedTunnel(TunnelSettings settings) {
    Http2FrameCodec clientCodec = HboneCodec.client();
    Http2FrameCodec serverCodec = HboneCodec.server(settings.maxStreams());
    clientTunnel = new ClientTunnel(clientCodec, settings, tunnelMetrics.client(), new Owner());
    serverTunnel =
        new ServerTunnel(
            serverCodec,
            settings,
            tunnelMetrics.server(),
            new Inbound(),
            new Pod(),
            SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/client"),
            CLIENT);
    client = channel(clientFlushes, new TurnFlush(), clientCodec, clientTunnel);
    server = channel(new TurnFlush(), serverCodec, serverTunnel);
    pump();
  }

  private EmbeddedChannel channel(ChannelHandler... handlers) {
    EmbeddedChannel channel = new EmbeddedChannel();
    channel.freezeTime();
    channel.config().setAllocator(allocator);
    channel.pipeline().addLast(handlers);
    return channel;
  }

  /** Asks for a stream; the server dials when the bytes get there. */
  Promise<DuplexChannel> open() {
    Promise<DuplexChannel> promise = client.eventLoop().newPromise();
    clientTunnel.open(new StreamRequest(CLIENT, TARGET, promise));
    return promise;
  }

  /** A stream that both ends have accepted; auto-read is off at both. */
  Pair openAccepted() {
    Promise<DuplexChannel> promise = open();
    pump();
    dials.getLast().setSuccess(new Application());
    pump();
    assertThat(promise.isSuccess()).isTrue();
    return new Pair((TunnelStream) promise.getNow(), (TunnelStream) served.getLast());
  }

  record Pair(TunnelStream client, TunnelStream server) {}

  /** Carries bytes to and fro until there are none. */
  void pump() {
    boolean moved = true;
    while (moved) {
      boolean there = step(client, server);
      boolean back = step(server, client);
      moved = there || back;
    }
  }

  /** Carries at most one buffer one way. */
  boolean step(EmbeddedChannel from, EmbeddedChannel to) {
    from.runPendingTasks();
    ByteBuf data = from.readOutbound();
    if (data == null) {
      return false;
    }
    if (connected && to.isActive()) {
      to.writeInbound(data);
    } else {
      data.release();
    }
    to.runPendingTasks();
    return true;
  }

  /** As a loop does while it reads its sockets: tasks run only afterwards. */
  void inOneTurnOfTheClient(Runnable work) {
    client.writeInbound(work);
  }

  /** From here on nothing gets through, and nobody is told. */
  void cut() {
    connected = false;
  }

  void pass(long seconds) {
    for (EmbeddedChannel channel : List.of(client, server)) {
      channel.advanceTimeBy(seconds, TimeUnit.SECONDS);
      channel.runScheduledPendingTasks();
      channel.runPendingTasks();
    }
    pump();
  }

  /** Ends both sides and checks that no buffer is left. */
  void closeAndCheck() {
    client.close();
    server.close();
    pump();
    for (EmbeddedChannel channel : List.of(client, server)) {
      channel.runPendingTasks();
      channel.finishAndReleaseAll();
    }
    assertThat(allocator.metric().usedHeapMemory())
        .as("bytes in buffers that nobody released")
        .isZero();
    assertThat(clientTunnel.openStreams()).isZero();
    assertThat(serverTunnel.openStreams()).isZero();
  }

  ByteBuf bytes(int length) {
    return allocator.buffer(length).writeZero(length);
  }

  private final class Owner implements ClientTunnel.Owner {
    @Override
    public void onRoom(ClientTunnel tunnel) {}

    @Override
    public void onRetired(ClientTunnel tunnel) {}

    @Override
    public void onClosed(ClientTunnel tunnel) {}

    @Override
    public void again(ClientTunnel tunnel, StreamRequest request) {
      again.add(request);
    }
  }

  private final class Inbound implements InboundStreams {
    @Override
    public Future<DuplexChannel> dial(
        EventLoop loop, LocalPod target, Caller caller, InetSocketAddress destination) {
      Promise<DuplexChannel> dial = loop.newPromise();
      dials.add(dial);
      destinations.add(destination);
      return dial;
    }

    @Override
    public void relay(
        DuplexChannel stream,
        DuplexChannel application,
        LocalPod target,
        Caller caller,
        InetSocketAddress destination) {
      served.add(stream);
    }
  }

  private static final class Pod implements LocalPod {
    @Override
    public Workload workload() {
      return new Workload(
          "uid",
          "shop",
          "target",
          "target",
          "target",
          "node",
          List.of(TARGET.getAddress()),
          Map.of(),
          Exclusions.NONE,
          List.of());
    }

    @Override
    public boolean isLeaving() {
      return false;
    }

    @Override
    public SpiffeId identity() {
      return SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/target");
    }

    @Override
    public Future<DuplexChannel> connect(
        EventLoop loop, InetSocketAddress remote, @Nullable InetAddress source) {
      throw new AssertionError("nobody dials from this pod");
    }
  }

  /** What would be system calls. */
  static final class Flushes extends ChannelDuplexHandler {
    int count;

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof Runnable work) {
        work.run();
      } else {
        ctx.fireChannelRead(message);
      }
    }

    @Override
    public void flush(ChannelHandlerContext ctx) {
      count++;
      ctx.flush();
    }
  }

  /** Stands where an application's socket would. */
  static final class Application extends EmbeddedChannel implements DuplexChannel {
    @Override
    public boolean isInputShutdown() {
      return false;
    }

    @Override
    public ChannelFuture shutdownInput() {
      return newSucceededFuture();
    }

    @Override
    public ChannelFuture shutdownInput(ChannelPromise promise) {
      return promise.setSuccess();
    }

    @Override
    public boolean isOutputShutdown() {
      return false;
    }

    @Override
    public ChannelFuture shutdownOutput() {
      return newSucceededFuture();
    }

    @Override
    public ChannelFuture shutdownOutput(ChannelPromise promise) {
      return promise.setSuccess();
    }

    @Override
    public boolean isShutdown() {
      return false;
    }

    @Override
    public ChannelFuture shutdown() {
      return newSucceededFuture();
    }

    @Override
    public ChannelFuture shutdown(ChannelPromise promise) {
      return promise.setSuccess();
    }
  }
}
