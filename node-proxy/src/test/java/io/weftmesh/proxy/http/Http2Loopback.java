package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.Protocol;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.proxy.balance.Balancers;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.EndpointSet;
import io.weftmesh.proxy.balance.ServiceControls;
import io.weftmesh.proxy.routing.Destination;
import io.weftmesh.proxy.routing.IpFamily;
import io.weftmesh.proxy.routing.Security;
import io.weftmesh.proxy.routing.ServicePort;
import io.weftmesh.proxy.routing.Snapshot;
import io.weftmesh.proxy.routing.SnapshotHolder;
import io.weftmesh.proxy.telemetry.Metrics;
import io.weftmesh.proxy.tunnel.Unreachable;
import io.weftmesh.proxy.tunnel.Upstream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A proxy for HTTP/2 between real sockets, on several event loops; every buffer is counted. */
final class Http2Loopback implements AutoCloseable {
  static final ServicePortKey SERVICE = new ServicePortKey("shop", "cart", 80);

  final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
  final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false);
  final AtomicInteger upstreams = new AtomicInteger();
  final InetSocketAddress address;

  private final SnapshotHolder snapshots = new SnapshotHolder();
  private final Balancers<Backend.Service> balancers =
      new Balancers<>(System::nanoTime, new Random(1));
  private final ClientPod pod;
  private final List<Channel> listeners = new ArrayList<>();

  Http2Loopback() {
    var proxy =
        new HttpProxy(
            HttpSettings.DEFAULT,
            snapshots,
            balancers,
            new ServiceControls<>(System::nanoTime),
            new HttpMetrics(new Metrics()),
            new Random(2));
    pod = proxy.clientPod(Mesh.workload(), new PlainDialer(), () -> false);
    address = listen(allocator, channel -> proxy.installHttp2(channel, context()));
  }

  private interface Taker {
    void take(SocketChannel channel);
  }

  private InetSocketAddress listen(@Nullable UnpooledByteBufAllocator counted, Taker taker) {
    Channel listener =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .childOption(
                ChannelOption.ALLOCATOR,
                counted == null ? UnpooledByteBufAllocator.DEFAULT : counted)
            .childOption(ChannelOption.AUTO_READ, counted == null)
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, counted != null)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    taker.take(channel);
                  }
                })
            .bind(InetAddress.getLoopbackAddress(), 0)
            .syncUninterruptibly()
            .channel();
    listeners.add(listener);
    return (InetSocketAddress) listener.localAddress();
  }

  private OutboundContext context() {
    return new OutboundContext(
        pod,
        new Destination.ServiceDestination(
            new ServicePort(SERVICE, "http", Protocol.HTTP2, Duration.ZERO), IpFamily.IPV4),
        Mesh.address("10.96.0.1", 80));
  }

  /** An endpoint that speaks HTTP/2, with this handler behind its codec. */
  InetSocketAddress server(ChannelHandler sharable) {
    return listen(
        null,
        channel ->
            channel
                .pipeline()
                .addLast(
                    Http2FrameCodecBuilder.forServer()
                        .initialSettings(Http2Settings.defaultSettings().initialWindowSize(1 << 20))
                        .encoderEnforceMaxRstFramesPerWindow(0, 1)
                        .decoderEnforceMaxRstFramesPerWindow(0, 1)
                        .build(),
                    sharable));
  }

  void serve(InetSocketAddress... addresses) {
    List<Endpoint> endpoints = new ArrayList<>();
    for (InetSocketAddress endpoint : addresses) {
      endpoints.add(Endpoint.of(endpoint));
    }
    snapshots.publish(
        new Snapshot.Builder(1)
            .servicePort(
                new ServicePort(SERVICE, "http", Protocol.HTTP2, Duration.ZERO),
                List.of(InetAddress.ofLiteral("10.96.0.1")),
                EndpointSet.of(endpoints),
                EndpointSet.empty(),
                null)
            .build());
  }

  /** Whether all requests were given back by the balancer. */
  void awaitNothingInHand() {
    await()
        .untilAsserted(() ->
            assertThat(
                    balancers
                        .of(new Backend.Service(SERVICE))
                        .loads(snapshots.get().endpoints(SERVICE, IpFamily.IPV4)))
                .allSatisfy(load -> assertThat(load.inHand()).isZero()));
  }

  @Override
  public void close() {
    for (Channel listener : listeners) {
      listener.close().syncUninterruptibly();
    }
    pod.close();
    await().untilAsserted(() -> assertThat(pod.upstreams()).isZero());
    await()
        .untilAsserted(() ->
            assertThat(allocator.metric().usedHeapMemory())
                .describedAs("bytes in buffers that nobody released")
                .isZero());
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  /** Answers each request with a few bytes when it is complete. */
  @ChannelHandler.Sharable
  static final class Hello extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      try {
        if (message instanceof Http2HeadersFrame headers && headers.isEndStream()) {
          answer(ctx, headers.stream());
        } else if (message instanceof Http2DataFrame data && data.isEndStream()) {
          answer(ctx, data.stream());
        }
      } finally {
        ReferenceCountUtil.release(message);
      }
    }

    private static void answer(ChannelHandlerContext ctx, Http2FrameStream stream) {
      ctx.write(
          new DefaultHttp2HeadersFrame(new DefaultHttp2Headers().status("200"), false)
              .stream(stream));
      ctx.writeAndFlush(
          new DefaultHttp2DataFrame(
                  ctx.alloc().buffer().writeBytes("hello".getBytes(StandardCharsets.US_ASCII)),
                  true)
              .stream(stream));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }

  private final class PlainDialer implements Dialer {
    @Override
    public Future<Upstream> connect(EventLoop loop, Endpoint endpoint) {
      Promise<Upstream> promise = loop.newPromise();
      ChannelFuture connect =
          new Bootstrap()
              .group(loop)
              .channel(NioSocketChannel.class)
              .option(ChannelOption.ALLOCATOR, allocator)
              .option(ChannelOption.AUTO_READ, false)
              .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
              .handler(new ChannelInboundHandlerAdapter())
              .connect(endpoint.address());
      connect.addListener(done -> {
        if (done.isSuccess()) {
          upstreams.incrementAndGet();
          promise.setSuccess(
              new Upstream((DuplexChannel) connect.channel(), Security.PLAINTEXT, null));
        } else {
          promise.setFailure(new Unreachable(Unreachable.Reason.REFUSED, done.cause().toString()));
        }
      });
      return promise;
    }

    @Override
    public boolean isStillRight(Endpoint endpoint, Security security) {
      return true;
    }
  }
}
