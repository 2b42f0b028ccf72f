package io.weftmesh.ca.server.signing;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** What all our certificates have in common: serial number, validity, key identifiers. */
final class CertificateBuilder {
  /** Clocks of nodes that are a little behind take a new certificate all the same. */
  static final Duration BACKDATED = Duration.ofSeconds(10);

  private static final int SERIAL_BYTES = 16;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final X509v3CertificateBuilder builder;
  private final JcaX509ExtensionUtils identifiers;

  /** Begins a certificate for a key, valid from a little before now. */
  CertificateBuilder(
      X500Name issuer, X500Name subject, PublicKey key, Instant now, Instant notAfter)
      throws GeneralSecurityException {
    identifiers = new JcaX509ExtensionUtils();
    builder =
        new X509v3CertificateBuilder(
            issuer,
            serial(),
            Date.from(now.minus(BACKDATED)),
            Date.from(notAfter),
            subject,
            SubjectPublicKeyInfo.getInstance(key.getEncoded()));
    add(Extension.subjectKeyIdentifier, false, identifiers.createSubjectKeyIdentifier(key));
  }

  CertificateBuilder add(ASN1ObjectIdentifier extension, boolean critical, ASN1Encodable value) {
    try {
      builder.addExtension(extension, critical, value);
      return this;
    } catch (IOException e) {
      throw new IllegalStateException("an extension of our own has an encoding", e);
    }
  }

  /** Names the issuer's key, so that it is found among several of one subject. */
  CertificateBuilder issuedBy(X509Certificate issuer) throws GeneralSecurityException {
    return add(
        Extension.authorityKeyIdentifier, false, identifiers.createAuthorityKeyIdentifier(issuer));
  }

  CertificateBuilder issuedBy(PublicKey issuer) {
    return add(
        Extension.authorityKeyIdentifier, false, identifiers.createAuthorityKeyIdentifier(issuer));
  }

  X509Certificate sign(PrivateKey issuer) throws GeneralSecurityException {
    try {
      return new JcaX509CertificateConverter()
          .getCertificate(
              builder.build(new JcaContentSignerBuilder(algorithm(issuer)).build(issuer)));
    } catch (OperatorCreationException e) {
      throw new GeneralSecurityException("signing failed: " + e.getMessage(), e);
    }
  }

  private static String algorithm(PrivateKey key) {
    if (key instanceof ECPrivateKey ec) {
      return ec.getParams().getOrder().bitLength() > 256 ? "SHA384withECDSA" : "SHA256withECDSA";
    }
    return "SHA256withRSA";
  }

  /** 127 random bits: positive, never zero, and no two alike (RFC 5280, 4.1.2.2). */
  private static BigInteger serial() {
    byte[] bytes = new byte[SERIAL_BYTES];
    RANDOM.nextBytes(bytes);
    bytes[0] = (byte) ((bytes[0] & 0x7f) | 0x40);
    return new BigInteger(bytes);
  }
}
