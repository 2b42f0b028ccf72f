package io.weftmesh.ca.server.rpc;

import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.IdentityCipherSuiteFilter;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContext;
import io.weftmesh.ca.server.directory.Directory;
import io.weftmesh.ca.server.node.NodeAuthorizer;
import io.weftmesh.ca.server.node.RateLimit;
import io.weftmesh.ca.server.rotation.RotatingAuthority;
import io.weftmesh.ca.server.signing.ServingIdentity;
import io.weftmesh.ca.server.telemetry.SigningMetrics;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;

/**
 * The ca's gRPC port: TLS 1.3 with the ca's own SVID, callers told by their token. Every bound here
 * is one on what a caller can make the ca hold.
 */
public final class GrpcServer implements Closeable {
  /** A CSR and an identity fit many times over. */
  private static final int MAX_MESSAGE_BYTES = 16 * 1024;

  /** A token has between 1 and 2 KB. */
  private static final int MAX_HEADER_BYTES = 12 * 1024;

  /** A node makes a call for each of its service accounts at once when it starts. */
  private static final int MAX_CALLS_PER_CONNECTION = 256;

  /** A frozen client is dropped after 15 s: sooner than a rotation wants to wait for it. */
  private static final int KEEP_ALIVE_SECONDS = 10;

  private static final int KEEP_ALIVE_TIMEOUT_SECONDS = 5;

  /** Clients ping every 10 s; some are a little early. */
  private static final int PERMITTED_PING_SECONDS = 5;

  /** Tokens are looked at when a call begins: a stream may not outlive a token by more. */
  private static final int MAX_CONNECTION_AGE_MINUTES = 30;

  private static final int CONNECTION_GRACE_SECONDS = 10;
  private static final int HANDSHAKE_TIMEOUT_SECONDS = 10;
  private static final int LOOPS = 2;
  private static final int WORKERS = 4;

  private final AdvancedTlsX509KeyManager keys = new AdvancedTlsX509KeyManager();
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(LOOPS, NioIoHandler.newFactory());
  private final ExecutorService workers =
      Executors.newFixedThreadPool(
          WORKERS, Thread.ofPlatform().name("grpc-", 0).daemon().factory());
  private final Server server;

  /** Prepares the port; nothing is bound yet. */
  public GrpcServer(
      InetSocketAddress listen,
      NodeAuthorizer authorizer,
      RateLimit rate,
      RotatingAuthority authority,
      Directory directory,
      SigningMetrics metrics)
      throws GeneralSecurityException {
    Refusals refusals = new Refusals(metrics);
    server =
        NettyServerBuilder.forAddress(listen)
            .channelType(NioServerSocketChannel.class)
            .bossEventLoopGroup(loops)
            .workerEventLoopGroup(loops)
            .executor(workers)
            .sslContext(tls())
            .handshakeTimeout(HANDSHAKE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
            .maxInboundMessageSize(MAX_MESSAGE_BYTES)
            .maxInboundMetadataSize(MAX_HEADER_BYTES)
            .maxConcurrentCallsPerConnection(MAX_CALLS_PER_CONNECTION)
            .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
            .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
            .permitKeepAliveTime(PERMITTED_PING_SECONDS, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .maxConnectionAge(MAX_CONNECTION_AGE_MINUTES, TimeUnit.MINUTES)
            .maxConnectionAgeGrace(CONNECTION_GRACE_SECONDS, TimeUnit.SECONDS)
            .intercept(new CallerInterceptor(authorizer, refusals))
            .addService(new SignService(authorizer, rate, authority, refusals, metrics))
            .addService(new DirectoryService(directory, refusals))
            .build();
  }

  /**
   * Not made by GrpcSslContexts: the builder behind it tries out every BouncyCastle provider that
   * it finds, which costs several megabytes for good.
   */
  private SslContext tls() throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLSv1.3");
    context.init(new KeyManager[] {keys}, null, null);
    return new JdkSslContext(
        context,
        false,
        null,
        IdentityCipherSuiteFilter.INSTANCE,
        new ApplicationProtocolConfig(
            ApplicationProtocolConfig.Protocol.ALPN,
            ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
            ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
            ApplicationProtocolNames.HTTP_2),
        ClientAuth.NONE,
        new String[] {"TLSv1.3"},
        false);
  }

  /** Shows another certificate in handshakes from now on; needed before {@link #start}. */
  public void serveAs(ServingIdentity identity) {
    keys.updateIdentityCredentials(
        identity.svid().chain().toArray(X509Certificate[]::new), identity.key());
  }

  /**
   * Binds the port and serves.
   *
   * @throws IOException if it cannot be bound
   */
  public void start() throws IOException {
    server.start();
  }

  /** The port that is bound. */
  public int port() {
    return server.getPort();
  }

  /** Ends all calls. */
  @Override
  public void close() {
    server.shutdownNow();
    try {
      server.awaitTermination(CONNECTION_GRACE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Future<?> _ = loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    workers.shutdownNow();
  }
}
