package io.weftmesh.ca.server.signing;

import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.List;

/** The encodings of certificates that are at hand, and so have one. */
public final class Der {
  private Der() {}

  /** One certificate. */
  public static byte[] of(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("a parsed certificate has an encoding", e);
    }
  }

  /** Each certificate of a chain. */
  public static List<byte[]> of(List<X509Certificate> chain) {
    return chain.stream().map(Der::of).toList();
  }
}
