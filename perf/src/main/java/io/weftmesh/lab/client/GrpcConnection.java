package io.weftmesh.lab.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.weftmesh.lab.host.NetworkNamespace;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * gRPC calls out of a pod, all on one HTTP/2 connection without TLS. For use by any thread; calls
 * fail with {@link io.grpc.StatusRuntimeException}.
 */
public final class GrpcConnection implements AutoCloseable {
  private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final AtomicInteger opened = new AtomicInteger();
  private final ManagedChannel channel;

  private GrpcConnection(NetworkNamespace from, String address, int port, String authority) {
    channel =
        NettyChannelBuilder.forAddress(new InetSocketAddress(InetAddress.ofLiteral(address), port))
            .channelFactory(() -> {
              opened.incrementAndGet();
              return new NioSocketChannel(from.openSocket());
            })
            .eventLoopGroup(loop)
            .executor(Executors.newVirtualThreadPerTaskExecutor())
            .overrideAuthority(authority)
            // What fails is what the test wants to see.
            .disableRetry()
            .usePlaintext()
            .build();
  }

  /**
   * Connects with the first call.
   *
   * @param address a literal
   */
  public static GrpcConnection open(
      NetworkNamespace from, String address, int port, String authority) {
    return new GrpcConnection(from, address, port, authority);
  }

  /**
   * One message, one answer.
   *
   * @param method as {@code package.Service/Method}
   */
  public String unary(
      String method, String message, Map<String, String> metadata, Duration deadline) {
    byte[] answer =
        ClientCalls.blockingUnaryCall(
            with(metadata),
            ByteMarshaller.method(MethodType.UNARY, method),
            CallOptions.DEFAULT.withDeadlineAfter(deadline.toNanos(), TimeUnit.NANOSECONDS),
            message.getBytes(StandardCharsets.UTF_8));
    return new String(answer, StandardCharsets.UTF_8);
  }

  /** For calls of other kinds. */
  public Channel channel() {
    return channel;
  }

  /** How many connections were begun so far. */
  public int opened() {
    return opened.get();
  }

  private Channel with(Map<String, String> metadata) {
    Metadata headers = new Metadata();
    metadata.forEach((name, value) ->
        headers.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value));
    return ClientInterceptors.intercept(
        channel, MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  @Override
  public void close() {
    channel.shutdownNow();
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }
}
