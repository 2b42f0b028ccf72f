package io.weftmesh.proxy.identity;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslHandler;
import io.weftmesh.ca.api.InvalidSvidException;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.api.SvidTrustManager;
import io.weftmesh.ca.api.SvidValidator;
import java.io.Closeable;
import java.security.cert.X509Certificate;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/**
 * TLS between nodes: version 1.3, both sides with a certificate, ALPN {@code h2}, no server name,
 * no host name check, no resumption (which would skip verification).
 *
 * <p>Each identity of this node has one native context per direction, made with its certificate and
 * replaced with it. A connection keeps the context that it was made from; the context dies with the
 * last of its connections. Who a peer must be is asked while the handshake is under way, of the
 * bundles that are in force at that moment.
 *
 * <p>Thread-safe; never blocks.
 */
public final class TlsContexts implements Closeable {
  /** Hears when tunnels should be retired, on the control thread. */
  public interface Listener {
    /** New connections of the identity show another certificate than those before. */
    void renewed(SpiffeId own);

    /** Peers are verified with other roots than before. */
    void trustChanged();
  }

  static final String PROTOCOL = "h2";

  private final Identities identities;
  private final Trust trust;
  private final IdentityMetrics metrics;
  private final Map<SpiffeId, TlsGeneration> generations = new ConcurrentHashMap<>();
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();

  /** Whom each client engine expects; engines that never get to their handshake just vanish. */
  private final Map<SSLEngine, SpiffeId> expectations =
      Collections.synchronizedMap(new WeakHashMap<>());

  private volatile boolean closed;

  public TlsContexts(Identities identities, Trust trust, IdentityMetrics metrics) {
    this.identities = identities;
    this.trust = trust;
    this.metrics = metrics;
    identities.onChange(
        new Identities.Listener() {
          @Override
          public void onSvid(Svid svid) {
            replace(svid);
          }

          @Override
          public void onGone(SpiffeId id) {
            retire(id);
          }
        });
    trust.onChange(() -> listeners.forEach(Listener::trustChanged));
  }

  /**
   * The server's end of a connection to a pod of this node: shows the pod's certificate, and lets
   * in who has one of this mesh's trust domain.
   *
   * @return empty when there is no unexpired certificate; {@link Identities#ready} tells when
   */
  public Optional<SslHandler> server(SpiffeId own, ByteBufAllocator allocator) {
    return handler(own, generation -> generation.server(allocator));
  }

  /**
   * The client's end of a connection from a pod of this node to a pod that must be {@code
   * expectedServer}.
   *
   * @return empty when there is no unexpired certificate; {@link Identities#ready} tells when
   */
  public Optional<SslHandler> client(
      SpiffeId own, SpiffeId expectedServer, ByteBufAllocator allocator) {
    return handler(
        own,
        generation -> {
          Optional<SslHandler> handler = generation.client(allocator);
          handler.ifPresent(made -> expectations.put(made.engine(), expectedServer));
          return handler;
        });
  }

  private Optional<SslHandler> handler(
      SpiffeId own, Function<TlsGeneration, Optional<SslHandler>> make) {
    while (identities.current(own) != null) {
      TlsGeneration generation = generations.get(own);
      if (generation == null) {
        return Optional.empty();
      }
      // Between the look-up and here the generation may have been retired: then there is a next.
      Optional<SslHandler> handler = make.apply(generation);
      if (handler.isPresent()) {
        return handler;
      }
    }
    return Optional.empty();
  }

  /**
   * Who is at the other end of a connection whose handshake has succeeded.
   *
   * @throws SSLPeerUnverifiedException when the handshake has not succeeded, or the peer does not
   *     speak HTTP/2
   */
  public static SpiffeId peer(SslHandler handler) throws SSLPeerUnverifiedException {
    if (!PROTOCOL.equals(handler.applicationProtocol())) {
      throw new SSLPeerUnverifiedException(
          "the peer has negotiated "
              + handler.applicationProtocol()
              + " as application protocol, expected "
              + PROTOCOL);
    }
    try {
      return SvidValidator.spiffeId(
          (X509Certificate) handler.engine().getSession().getPeerCertificates()[0]);
    } catch (InvalidSvidException e) {
      throw new IllegalStateException("a verified certificate has an identity", e);
    }
  }

  /** Calls the listener after each change. */
  public void onChange(Listener listener) {
    listeners.add(listener);
  }

  @Override
  public void close() {
    closed = true;
    List.copyOf(generations.keySet()).forEach(this::retire);
  }

  @Nullable TlsGeneration generation(SpiffeId own) {
    return generations.get(own);
  }

  private void replace(Svid svid) {
    if (closed) {
      return;
    }
    try {
      TlsGeneration old =
          generations.put(
              svid.id(),
              new TlsGeneration(
                  svid,
                  new SvidTrustManager((chain, engine) -> verifyClient(chain)),
                  new SvidTrustManager(this::verifyServer)));
      if (old != null) {
        old.retire();
        listeners.forEach(listener -> listener.renewed(svid.id()));
      }
    } catch (SSLException e) {
      throw new IllegalStateException(
          "no TLS context can be made with the certificate of " + svid, e);
    }
  }

  private void retire(SpiffeId id) {
    TlsGeneration generation = generations.remove(id);
    if (generation != null) {
      generation.retire();
    }
  }

  private void verifyClient(List<byte[]> chain) throws InvalidSvidException {
    try {
      trust.validator().validateTrustDomain(chain, trust.trustDomain());
    } catch (InvalidSvidException e) {
      metrics.refusedPeer("server", e);
      throw e;
    }
  }

  private void verifyServer(List<byte[]> chain, SSLEngine engine) throws InvalidSvidException {
    SpiffeId expected = expectations.remove(engine);
    if (expected == null) {
      throw new IllegalStateException("a client's engine expects a server");
    }
    try {
      trust.validator().validate(chain, expected);
    } catch (InvalidSvidException e) {
      metrics.refusedPeer("client", e);
      throw e;
    }
  }
}
