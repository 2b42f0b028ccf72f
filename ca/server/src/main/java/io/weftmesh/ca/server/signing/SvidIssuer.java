package io.weftmesh.ca.server.signing;

import io.weftmesh.ca.api.InvalidSvidException;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.api.SvidValidator;
import io.weftmesh.ca.api.TrustBundle;
import io.weftmesh.ca.api.TrustBundles;
import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;

/**
 * Issues X.509-SVIDs: everything in them is made here from what the caller of this class knows, a
 * public key apart. What is issued is held against the validator that the nodes use before anybody
 * gets it. Stateless; any thread.
 */
public final class SvidIssuer {
  private static final X500Name NOBODY = new X500Name(new RDN[0]);
  private static final KeyPurposeId[] BOTH_DIRECTIONS = {
    KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
  };

  private final InstantSource clock;

  public SvidIssuer(InstantSource clock) {
    this.clock = clock;
  }

  /**
   * Signs a leaf that lives as long as asked, or as its issuer if that is shorter.
   *
   * @throws GeneralSecurityException if the authority has expired, or what came out is no valid
   *     SVID
   */
  public Svid issue(SigningAuthority authority, SpiffeId id, PublicKey key, Duration lifetime)
      throws GeneralSecurityException {
    return issue(authority, id, key, lifetime, List.of());
  }

  /** As {@link #issue}, reachable also under addresses, for clients that go by those. */
  Svid issue(
      SigningAuthority authority,
      SpiffeId id,
      PublicKey key,
      Duration lifetime,
      List<GeneralName> alsoNamed)
      throws GeneralSecurityException {
    Instant now = clock.instant();
    Instant notAfter = earlier(now.plus(lifetime), authority.expiry());
    if (!now.isBefore(notAfter)) {
      throw new GeneralSecurityException(
          "the signing authority " + authority.name() + " expired at " + authority.expiry());
    }
    List<GeneralName> names = new ArrayList<>();
    names.add(new GeneralName(GeneralName.uniformResourceIdentifier, id.toString()));
    names.addAll(alsoNamed);
    X509Certificate leaf =
        new CertificateBuilder(
                new JcaX509CertificateHolder(authority.certificate()).getSubject(),
                NOBODY,
                key,
                now,
                notAfter)
            .issuedBy(authority.certificate())
            .add(Extension.basicConstraints, true, new BasicConstraints(false))
            .add(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
            .add(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(BOTH_DIRECTIONS))
            // Critical, since the subject is empty (RFC 5280, 4.2.1.6).
            .add(
                Extension.subjectAlternativeName,
                true,
                new GeneralNames(names.toArray(GeneralName[]::new)))
            .sign(authority.key());
    List<X509Certificate> chain = new ArrayList<>();
    chain.add(leaf);
    chain.addAll(authority.intermediates());
    Svid svid = new Svid(id, chain);
    verify(svid, authority);
    return svid;
  }

  private void verify(Svid svid, SigningAuthority authority) throws GeneralSecurityException {
    TrustBundle bundle = new TrustBundle(svid.id().trustDomain(), 0, List.of(authority.root()));
    try {
      new SvidValidator(TrustBundles.of(bundle), clock).validate(Der.of(svid.chain()), svid.id());
    } catch (InvalidSvidException e) {
      throw new GeneralSecurityException("the new SVID is not valid: " + e.getMessage(), e);
    }
  }

  static GeneralName addressName(String host) {
    try {
      return new GeneralName(GeneralName.iPAddress, InetAddress.ofLiteral(host).getHostAddress());
    } catch (IllegalArgumentException e) {
      return new GeneralName(GeneralName.dNSName, host);
    }
  }

  private static Instant earlier(Instant a, Instant b) {
    return a.isBefore(b) ? a : b;
  }
}
