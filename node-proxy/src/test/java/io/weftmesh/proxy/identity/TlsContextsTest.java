package io.weftmesh.proxy.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.ReferenceCounted;
import io.weftmesh.ca.api.InvalidSvidException;
import io.weftmesh.ca.api.InvalidSvidException.Rule;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.fixtures.CertificateShape;
import io.weftmesh.ca.fixtures.TestAuthority;
import io.weftmesh.ca.fixtures.TestSvid;
import java.math.BigInteger;
import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.X509ExtendedKeyManager;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TlsContextsTest extends IdentityTest {
  private final List<TlsPair> pairs = new ArrayList<>();
  private final List<SslContext> foreignContexts = new ArrayList<>();

  @BeforeEach
  void requireIdentities() {
    identities.require(CART);
    identities.require(PAY);
  }

  @AfterEach
  void closePairs() {
    pairs.forEach(TlsPair::close);
    foreignContexts.forEach(ReferenceCountUtil::release);
  }

  @Test
  void bothSidesLearnWhoTheOtherIs() throws Exception {
    TlsPair pair = connect(CART, PAY);

    assertThat(pair.peerOfClient()).isEqualTo(PAY);
    assertThat(pair.peerOfServer()).isEqualTo(CART);
    assertThat(pair.client().engine().getSession().getProtocol()).isEqualTo("TLSv1.3");
    assertThat(pair.client().applicationProtocol()).isEqualTo("h2");
    assertThat(pair.echo("hello")).isEqualTo("hello");
  }

  @Test
  void aPodMayTalkToItself() throws Exception {
    assertThat(connect(CART, CART).peerOfServer()).isEqualTo(CART);
  }

  @Test
  void theClientRefusesAnotherValidIdentityThanExpected() {
    TlsPair pair = pair(contexts.client(CART, PAY, alloc()).orElseThrow(), server(CART));

    refused(pair, Rule.EXPECTED_IDENTITY, "client");
    assertThat(pair.server().handshakeFuture().isSuccess()).isFalse();
  }

  @Test
  void theServerRefusesAForeignTrustDomain() {
    TestAuthority foreign = TestAuthority.root("other.example");
    TestSvid svid = foreign.svid(SpiffeId.workload("other.example", "shop", "cart"));

    refusedByServer(svid, Rule.TRUST_DOMAIN);
    trust.update(foreign.bundle());
    refusedByServer(svid, Rule.EXPECTED_IDENTITY);
  }

  @Test
  void theServerRefusesAnotherRoot() {
    refusedByServer(TestAuthority.root("cluster.local").svid(CART), Rule.PATH);
  }

  @Test
  void theServerRefusesAnExpiredCertificate() {
    TestSvid svid =
        root.svid(
            CART,
            s -> s.valid(TestAuthority.NOW.minusSeconds(20), TestAuthority.NOW.minusSeconds(10)));

    refusedByServer(svid, Rule.EXPIRED);
  }

  @Test
  void theServerRefusesACertificateThatIsNotYetValid() {
    TestSvid svid =
        root.svid(
            CART,
            s -> s.valid(TestAuthority.NOW.plusSeconds(10), TestAuthority.NOW.plusSeconds(20)));

    refusedByServer(svid, Rule.NOT_YET_VALID);
  }

  @Test
  void theServerRefusesACertificateAuthority() {
    refusedByServer(
        root.svid(
            CART,
            s -> s.authority(true).keyUsage(KeyUsage.keyCertSign | KeyUsage.digitalSignature)),
        Rule.LEAF_IS_CA);
  }

  @Test
  void theServerRefusesALeafWithoutItsUsages() {
    refusedByServer(root.svid(CART, CertificateShape::withoutKeyUsage), Rule.KEY_USAGE);
    refusedByServer(
        root.svid(CART, CertificateShape::withoutExtendedKeyUsage), Rule.EXTENDED_KEY_USAGE);
  }

  @Test
  void theServerRefusesALargeChain() {
    TestSvid svid = root.svid(CART);
    List<X509Certificate> chain = Collections.nCopies(100, svid.chain().getFirst());
    TlsPair pair =
        pair(foreignClient(builder -> builder.keyManager(keyManager(svid, chain))), server(PAY));

    assertThat(pair.handshake()).isFalse();
    assertThat(pair.server().handshakeFuture().isSuccess()).isFalse();
  }

  @Test
  void theServerRefusesAClientWithoutACertificate() {
    TlsPair pair = pair(foreignClient(builder -> builder), server(PAY));

    pair.handshake();
    assertThat(pair.server().handshakeFuture().isSuccess()).isFalse();
    assertThat(pair.server().handshakeFuture().cause())
        .hasMessageContaining("PEER_DID_NOT_RETURN_A_CERTIFICATE");
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.1", "TLSv1"})
  void olderProtocolsAreRefused(String protocol) {
    TestSvid svid = root.svid(CART);
    TlsPair pair =
        pair(foreignClient(builder -> withKeys(builder, svid).protocols(protocol)), server(PAY));

    assertThat(pair.handshake()).isFalse();
    assertThat(pair.server().handshakeFuture().isSuccess()).isFalse();
  }

  @Test
  void aPeerWithoutHttp2IsNobody() {
    TestSvid svid = root.svid(CART);
    TlsPair pair =
        pair(
            foreignClient(builder ->
                withKeys(builder, svid)
                    .applicationProtocolConfig(ApplicationProtocolConfig.DISABLED)),
            server(PAY));

    assertThat(pair.handshake()).isTrue();
    assertThatExceptionOfType(SSLPeerUnverifiedException.class)
        .isThrownBy(() -> pair.peerOfServer())
        .withMessageContaining("h2");
  }

  @Test
  void nobodyIsThePeerBeforeTheHandshake() {
    TlsPair pair = pair(contexts.client(CART, PAY, alloc()).orElseThrow(), server(PAY));

    assertThatExceptionOfType(SSLPeerUnverifiedException.class)
        .isThrownBy(() -> pair.peerOfServer());
  }

  @Test
  void theClientSendsNoServerName() throws Exception {
    TlsPair pair = connect(CART, PAY);

    assertThat(((ExtendedSSLSession) pair.server().engine().getSession()).getRequestedServerNames())
        .isEmpty();
  }

  @Test
  void nothingIsResumed() throws Exception {
    // A foreign client keeps one context, whose cache it would resume from if it could.
    TestSvid svid = root.svid(CART);
    SslContext client = foreignContext(SslContextBuilder.forClient(), b -> withKeys(b, svid));
    TlsPair first = pair(client.newHandler(alloc()), server(PAY));
    assertThat(first.handshake()).isTrue();
    // A ticket would be a record of its own after the server's handshake records.
    int handshakeRecords = first.recordsToClient();
    assertThat(first.echo("hello")).isEqualTo("hello");
    assertThat(first.recordsToClient()).isEqualTo(handshakeRecords + 1);

    control.jump(Duration.ofMinutes(59));
    assertThat(pair(client.newHandler(alloc()), server(PAY)).handshake()).isTrue();
    control.jump(Duration.ofMinutes(2));
    ca.lifetime(Duration.ofHours(2));
    control.advance(Duration.ofSeconds(31));
    TlsPair late = pair(client.newHandler(alloc()), server(PAY));
    refusedAt(late.server(), late, Rule.EXPIRED, "server");
  }

  @Test
  void aChangeOfTrustIsInForceAtOnceInLiveContexts() throws Exception {
    TestAuthority next = TestAuthority.root("cluster.local");
    TestSvid old = root.svid(CART);
    TestSvid fresh = next.svid(CART);
    List<String> heard = new ArrayList<>();
    contexts.onChange(recorder(heard));
    refusedByServer(fresh, Rule.PATH);

    trust.update(bundle(1, root, next));
    assertThat(foreignPair(fresh).handshake()).isTrue();
    assertThat(foreignPair(old).handshake()).isTrue();
    TlsPair underWay = foreignPair(old);
    trust.update(bundle(2, next));
    refusedAt(underWay.server(), underWay, Rule.PATH, "server");
    assertThat(foreignPair(fresh).handshake()).isTrue();
    assertThat(heard).containsExactly("trust", "trust");
  }

  @Test
  void anOlderBundleChangesNothing() {
    trust.update(bundle(2, root));
    trust.update(bundle(1, TestAuthority.root("cluster.local")));

    assertThat(foreignPair(root.svid(CART)).handshake()).isTrue();
  }

  @Test
  void newConnectionsShowTheNewCertificateAndOldOnesLiveOn() throws Exception {
    List<String> heard = new ArrayList<>();
    contexts.onChange(recorder(heard));
    TlsPair before = connect(CART, PAY);
    control.advance(Duration.ofMinutes(31));
    TlsPair after = connect(CART, PAY);

    assertThat(heard).containsExactlyInAnyOrder("renewed " + CART, "renewed " + PAY);
    assertThat(serial(before)).isNotEqualTo(serial(after));
    assertThat(before.echo("still there")).isEqualTo("still there");
    assertThat(after.echo("here too")).isEqualTo("here too");
  }

  @Test
  void thereIsNoHandlerWithoutACertificate() {
    SpiffeId nobody = SpiffeId.workload("cluster.local", "shop", "nobody");
    assertThat(contexts.server(nobody, alloc())).isEmpty();
    assertThat(contexts.client(nobody, PAY, alloc())).isEmpty();

    ca.down(true);
    control.advance(Duration.ofMinutes(61));
    assertThat(contexts.server(CART, alloc())).isEmpty();
    assertThat(contexts.client(CART, PAY, alloc())).isEmpty();
    ca.down(false);
    control.advance(Duration.ofMinutes(1));
    assertThat(contexts.server(CART, alloc()).map(TlsContextsTest::discard)).isPresent();
  }

  @Test
  void contextsDieWithTheLastOfTheirConnections() throws Exception {
    TlsGeneration generation = contexts.generation(CART);
    assertThat(generation.references()).isEqualTo(2);
    TlsPair pair = connect(CART, CART);
    assertThat(generation.references()).isEqualTo(4);

    control.advance(Duration.ofMinutes(31));
    assertThat(contexts.generation(CART)).isNotSameAs(generation);
    assertThat(generation.references()).isEqualTo(2);
    assertThat(pair.echo("alive")).isEqualTo("alive");
    pair.close();
    assertThat(generation.references()).isZero();
    assertThat(generation.server(alloc())).isEmpty();
  }

  @Test
  void connectionsMayBeMadeWhileContextsAreReplaced() throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    ExecutorService threads = Executors.newFixedThreadPool(2);
    List<Future<Integer>> loops = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      loops.add(
          threads.submit(() -> {
            int made = 0;
            while (!done.get() || made == 0) {
              discard(server(CART));
              discard(contexts.client(CART, PAY, alloc()).orElseThrow());
              made++;
            }
            return made;
          }));
    }
    Set<TlsGeneration> generations = new HashSet<>();
    for (int i = 0; i < 20; i++) {
      generations.add(contexts.generation(CART));
      control.advance(Duration.ofMinutes(31));
    }
    done.set(true);
    for (Future<Integer> loop : loops) {
      assertThat(loop.get(20, TimeUnit.SECONDS)).isPositive();
    }
    threads.shutdown();

    assertThat(generations).hasSize(20).noneMatch(generation -> generation.references() > 0);
  }

  @Test
  void aFailedHandshakeKeepsNothingAlive() {
    TlsGeneration generation = contexts.generation(CART);
    TlsPair pair = pair(contexts.client(CART, PAY, alloc()).orElseThrow(), server(CART));
    assertThat(pair.handshake()).isFalse();
    pair.close();

    assertThat(generation.references()).isEqualTo(2);
    contexts.close();
    assertThat(generation.references()).isZero();
  }

  @Test
  void aReleasedIdentityGivesUpItsContextsAtItsEnd() {
    TlsGeneration generation = contexts.generation(CART);
    identities.release(CART);
    assertThat(generation.references()).isEqualTo(2);
    control.advance(Duration.ofMinutes(61));

    assertThat(generation.references()).isZero();
    assertThat(contexts.server(CART, alloc())).isEmpty();
  }

  @Test
  void refusalsAreCounted() {
    refusedByServer(TestAuthority.root("cluster.local").svid(CART), Rule.PATH);

    assertThat(metricsText())
        .contains("weft_peers_refused_total{side=\"server\",rule=\"path\",} 1.0");
  }

  private TlsPair connect(SpiffeId client, SpiffeId server) {
    TlsPair pair = pair(contexts.client(client, server, alloc()).orElseThrow(), server(server));
    assertThat(pair.handshake()).isTrue();
    return pair;
  }

  private SslHandler server(SpiffeId own) {
    return contexts.server(own, alloc()).orElseThrow();
  }

  private TlsPair pair(SslHandler client, SslHandler server) {
    TlsPair pair = new TlsPair(client, server);
    pairs.add(pair);
    return pair;
  }

  private void refusedByServer(TestSvid client, Rule rule) {
    TlsPair pair = foreignPair(client);
    refusedAt(pair.server(), pair, rule, "server");
  }

  private TlsPair foreignPair(TestSvid client) {
    return pair(foreignClient(builder -> withKeys(builder, client)), server(PAY));
  }

  private static void refused(TlsPair pair, Rule rule, String side) {
    refusedAt(pair.client(), pair, rule, side);
  }

  private static void refusedAt(SslHandler where, TlsPair pair, Rule rule, String side) {
    pair.handshake();
    assertThat(where.handshakeFuture().isSuccess()).describedAs(side).isFalse();
    assertThat(where.handshakeFuture().cause())
        .rootCause()
        .satisfies(cause -> {
          Throwable found = where.handshakeFuture().cause();
          while (found != null && !(found instanceof InvalidSvidException)) {
            found = found.getCause();
          }
          assertThat(found).describedAs(cause.toString()).isNotNull();
          assertThat(((InvalidSvidException) found).rule()).isEqualTo(rule);
        });
  }

  private static SslContextBuilder withKeys(SslContextBuilder builder, TestSvid svid) {
    return builder.keyManager(svid.key(), svid.chain().toArray(X509Certificate[]::new));
  }

  private static X509ExtendedKeyManager keyManager(TestSvid svid, List<X509Certificate> chain) {
    return new X509ExtendedKeyManager() {
      @Override
      public String chooseEngineClientAlias(String[] types, Principal[] issuers, SSLEngine engine) {
        return "any";
      }

      @Override
      public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
        return "any";
      }

      @Override
      public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
        return "any";
      }

      @Override
      public String[] getClientAliases(String type, Principal[] issuers) {
        return new String[] {"any"};
      }

      @Override
      public String[] getServerAliases(String type, Principal[] issuers) {
        return new String[] {"any"};
      }

      @Override
      public X509Certificate[] getCertificateChain(String alias) {
        return chain.toArray(X509Certificate[]::new);
      }

      @Override
      public PrivateKey getPrivateKey(String alias) {
        return svid.key();
      }
    };
  }

  private SslHandler foreignClient(UnaryOperator<SslContextBuilder> change) {
    return foreignContext(SslContextBuilder.forClient(), change).newHandler(alloc());
  }

  /** What is not of our making: trusts everybody, and does what the test wants. */
  private SslContext foreignContext(
      SslContextBuilder builder, UnaryOperator<SslContextBuilder> change) {
    try {
      SslContext context =
          change
              .apply(
                  builder
                      .sslProvider(SslProvider.OPENSSL_REFCNT)
                      .clientAuth(ClientAuth.NONE)
                      .trustManager(InsecureTrustManagerFactory.INSTANCE)
                      .endpointIdentificationAlgorithm(null)
                      .applicationProtocolConfig(
                          new ApplicationProtocolConfig(
                              ApplicationProtocolConfig.Protocol.ALPN,
                              ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                              ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                              "h2")))
              .build();
      foreignContexts.add(context);
      return context;
    } catch (SSLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static BigInteger serial(TlsPair pair) throws Exception {
    return ((X509Certificate) pair.client().engine().getSession().getPeerCertificates()[0])
        .getSerialNumber();
  }

  private static boolean discard(SslHandler handler) {
    return ((ReferenceCounted) handler.engine()).release();
  }

  private static TlsContexts.Listener recorder(List<String> heard) {
    return new TlsContexts.Listener() {
      @Override
      public void renewed(SpiffeId own) {
        heard.add("renewed " + own);
      }

      @Override
      public void trustChanged() {
        heard.add("trust");
      }
    };
  }

  private static ByteBufAllocator alloc() {
    return ByteBufAllocator.DEFAULT;
  }
}
