package io.weftmesh.ca.server.signing;

import java.security.KeyPair;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/** Signing requests as nodes make them. */
public final class CertificateRequests {
  private CertificateRequests() {}

  /** For a new key. */
  public static byte[] p256() throws Exception {
    return of(KeyPairs.p256());
  }

  /** For a key that is at hand. */
  static byte[] of(KeyPair keys) throws Exception {
    return new JcaPKCS10CertificationRequestBuilder(new X500Principal(""), keys.getPublic())
        .build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate()))
        .getEncoded();
  }
}
