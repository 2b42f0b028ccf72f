package io.weftmesh.proxy.identity;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.internal.tcnative.SSL;
import io.netty.util.IllegalReferenceCountException;
import io.netty.util.ReferenceCountUtil;
import io.weftmesh.ca.api.SvidTrustManager;
import io.weftmesh.ca.api.SvidValidator;
import java.util.Optional;
import javax.net.ssl.SSLException;

/**
 * The native contexts of one certificate. Owned by {@link TlsContexts} until it is retired; each
 * engine made here holds its context on its own account.
 */
final class TlsGeneration {
  private static final ApplicationProtocolConfig ALPN =
      new ApplicationProtocolConfig(
          Protocol.ALPN,
          // The two that the native engine knows: a peer without h2 is refused after the handshake.
          SelectorFailureBehavior.NO_ADVERTISE,
          SelectedListenerFailureBehavior.ACCEPT,
          TlsContexts.PROTOCOL);

  private final SslContext server;
  private final SslContext client;

  TlsGeneration(Svid svid, SvidTrustManager clients, SvidTrustManager servers) throws SSLException {
    SvidKeyManager keys = new SvidKeyManager(svid);
    server =
        context(
            SslContextBuilder.forServer(keys).trustManager(clients).clientAuth(ClientAuth.REQUIRE));
    try {
      client =
          context(
              SslContextBuilder.forClient()
                  .keyManager(keys)
                  .trustManager(servers)
                  .endpointIdentificationAlgorithm(null));
    } catch (SSLException | RuntimeException e) {
      ReferenceCountUtil.release(server);
      throw e;
    }
  }

  private static SslContext context(SslContextBuilder builder) throws SSLException {
    SslContext context =
        builder
            .sslProvider(SslProvider.OPENSSL_REFCNT)
            .protocols("TLSv1.3")
            .applicationProtocolConfig(ALPN)
            .option(OpenSslContextOption.MAX_CERTIFICATE_LIST_BYTES, SvidValidator.MAX_CHAIN_BYTES)
            .build();
    ((OpenSslSessionContext) context.sessionContext()).setSessionCacheEnabled(false);
    return context;
  }

  /** Empty when this generation is retired. */
  Optional<SslHandler> server(ByteBufAllocator allocator) {
    return handler(server, allocator);
  }

  /** Empty when this generation is retired. */
  Optional<SslHandler> client(ByteBufAllocator allocator) {
    return handler(client, allocator);
  }

  private static Optional<SslHandler> handler(SslContext context, ByteBufAllocator allocator) {
    try {
      ReferenceCountUtil.retain(context);
    } catch (IllegalReferenceCountException e) {
      return Optional.empty();
    }
    try {
      SslHandler handler = context.newHandler(allocator);
      refuseTickets((ReferenceCountedOpenSslEngine) handler.engine());
      return Optional.of(handler);
    } finally {
      ReferenceCountUtil.release(context);
    }
  }

  /**
   * Netty allows tickets for TLS 1.3 in each engine, whatever its context says, and only a system
   * property would keep it from that.
   */
  private static void refuseTickets(ReferenceCountedOpenSslEngine engine) {
    SSL.setOptions(engine.sslPointer(), SSL.SSL_OP_NO_TICKET);
  }

  /** Makes no further connection. */
  void retire() {
    ReferenceCountUtil.release(server);
    ReferenceCountUtil.release(client);
  }

  /** How many hold the contexts: one for this generation until it is retired, one per engine. */
  int references() {
    return ReferenceCountUtil.refCnt(server) + ReferenceCountUtil.refCnt(client);
  }
}
