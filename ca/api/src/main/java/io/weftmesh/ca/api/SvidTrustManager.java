package io.weftmesh.ca.api;

import io.weftmesh.ca.api.InvalidSvidException.Rule;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Lets a TLS engine ask about a peer's chain. Being an <em>extended</em> trust manager keeps the
 * engines from adding checks of host names, which identities take the place of. Names no accepted
 * issuers: a list of roots would tell every caller about the mesh, and say nothing that the other
 * side could use.
 */
public final class SvidTrustManager extends X509ExtendedTrustManager {
  /** What a peer's chain must be. Called on the thread of the handshake. */
  @FunctionalInterface
  public interface Check {
    /**
     * Returns if the chain is to be trusted.
     *
     * @param chain in DER, the leaf first; of any length and size
     * @throws InvalidSvidException if not
     */
    void verify(List<byte[]> chain, SSLEngine engine) throws InvalidSvidException;
  }

  private final Check check;

  public SvidTrustManager(Check check) {
    this.check = check;
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    check(chain, engine);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    check(chain, engine);
  }

  private void check(X509Certificate[] chain, SSLEngine engine) throws CertificateException {
    if (chain.length > SvidValidator.MAX_CHAIN_LENGTH) {
      throw new InvalidSvidException(
          Rule.CHAIN_LENGTH, "the peer's chain has " + chain.length + " certificates");
    }
    List<byte[]> der = new ArrayList<>(chain.length);
    for (X509Certificate certificate : chain) {
      der.add(certificate.getEncoded());
    }
    check.verify(der, engine);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    throw withoutEngine();
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    throw withoutEngine();
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    throw withoutEngine();
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    throw withoutEngine();
  }

  private static CertificateException withoutEngine() {
    return new CertificateException("peers are verified for TLS engines alone");
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return new X509Certificate[0];
  }
}
