package io.weftmesh.ca.api;

import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.Closeable;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/**
 * The gRPC channel to the ca: TLS 1.3, the ca known by its identity and by no host name, on an
 * event loop of its own that carries no traffic of applications.
 */
final class CaConnection implements Closeable {
  /** Decides whether a chain is the ca's. */
  @FunctionalInterface
  interface Check {
    void verify(List<byte[]> chain) throws InvalidSvidException;
  }

  /** A frozen ca is noticed after 18 s at the latest. */
  private static final int KEEP_ALIVE_SECONDS = 10;

  private static final int KEEP_ALIVE_TIMEOUT_SECONDS = 8;

  private final EventLoopGroup loop =
      new MultiThreadIoEventLoopGroup(
          1, new DefaultThreadFactory("ca-client", true), NioIoHandler.newFactory());
  private final ManagedChannel channel;

  CaConnection(CaSettings settings, Check check) {
    channel =
        NettyChannelBuilder.forAddress(settings.host(), settings.port())
            .sslContext(tls(check))
            .eventLoopGroup(loop)
            .channelType(NioSocketChannel.class)
            .directExecutor()
            .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
            .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
            .keepAliveWithoutCalls(true)
            .disableRetry()
            // A proxy that an environment variable names is for other traffic than this.
            .proxyDetector(address -> null)
            .build();
  }

  Channel channel() {
    return channel;
  }

  /** Forgets gRPC's own pauses, and resolves the name again. */
  void tryAgainNow() {
    channel.enterIdle();
  }

  @Override
  public void close() {
    channel.shutdownNow();
    try {
      // A loop that is gone before the channel's last task makes gRPC panic.
      channel.awaitTermination(1, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  private static SslContext tls(Check check) {
    try {
      SslContext context =
          SslContextBuilder.forClient()
              // Its memory is freed by the garbage collector: there is one of it in a process.
              .sslProvider(SslProvider.OPENSSL)
              .protocols("TLSv1.3")
              .trustManager(new SvidTrustManager((chain, engine) -> check.verify(chain)))
              .endpointIdentificationAlgorithm(null)
              .applicationProtocolConfig(
                  new ApplicationProtocolConfig(
                      Protocol.ALPN,
                      SelectorFailureBehavior.NO_ADVERTISE,
                      SelectedListenerFailureBehavior.ACCEPT,
                      "h2"))
              .option(
                  OpenSslContextOption.MAX_CERTIFICATE_LIST_BYTES, SvidValidator.MAX_CHAIN_BYTES)
              .build();
      // A resumed session would not be verified.
      ((OpenSslSessionContext) context.sessionContext()).setSessionCacheEnabled(false);
      return context;
    } catch (SSLException e) {
      throw new IllegalStateException("no TLS context can be made", e);
    }
  }
}
