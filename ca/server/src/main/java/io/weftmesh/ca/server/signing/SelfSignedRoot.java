package io.weftmesh.ca.server.signing;

import io.weftmesh.ca.api.SpiffeId;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;

/** Makes roots that sign leaves themselves. */
public final class SelfSignedRoot {
  private SelfSignedRoot() {}

  /**
   * A new P-256 root: cA with no further authority below it, keyCertSign critical, the trust
   * domain's SPIFFE ID without a path.
   *
   * <p>Each root has a subject of its own, because validators that look for an issuer by its name
   * may stop at the first that they find.
   */
  public static SigningAuthority create(String trustDomain, Duration lifetime, Instant now)
      throws GeneralSecurityException {
    KeyPair keys = KeyPairs.p256();
    X500Name name = new X500Name("O=Weft,CN=Weft root " + fingerprint(keys));
    X509Certificate certificate =
        new CertificateBuilder(name, name, keys.getPublic(), now, now.plus(lifetime))
            .issuedBy(keys.getPublic())
            .add(Extension.basicConstraints, true, new BasicConstraints(0))
            .add(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))
            .add(
                Extension.subjectAlternativeName,
                false,
                new GeneralNames(
                    new GeneralName(
                        GeneralName.uniformResourceIdentifier,
                        SpiffeId.ofTrustDomain(trustDomain).toString())))
            .sign(keys.getPrivate());
    return new SigningAuthority(
        keys.getPrivate(), List.of(certificate), SigningAuthority.Origin.SELF_SIGNED);
  }

  private static String fingerprint(KeyPair keys) {
    byte[] point = keys.getPublic().getEncoded();
    return HexFormat.of().formatHex(point, point.length - 4, point.length);
  }
}
