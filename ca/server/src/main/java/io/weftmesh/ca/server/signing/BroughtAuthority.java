package io.weftmesh.ca.server.signing;

import io.weftmesh.ca.api.SpiffeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECKey;
import java.security.interfaces.RSAKey;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x509.Extension;

/**
 * An authority that the user brings, as the three files of a Kubernetes TLS Secret: {@code tls.crt}
 * (the signing certificate, then what leads to its root), {@code tls.key}, and {@code ca.crt} if
 * the root does not stand in {@code tls.crt}.
 *
 * <p>It is refused unless an identity signed with it, here and now, is one that every node accepts.
 */
public final class BroughtAuthority {
  public static final String CERTIFICATE_FILE = "tls.crt";
  public static final String KEY_FILE = "tls.key";
  public static final String ROOT_FILE = "ca.crt";

  private static final int MIN_RSA_BITS = 2048;
  private static final int MAX_FILE_BYTES = 64 * 1024;
  private static final int URI = 6;

  private final Path folder;
  private final String trustDomain;
  private final InstantSource clock;

  public BroughtAuthority(Path folder, String trustDomain, InstantSource clock) {
    this.folder = folder;
    this.trustDomain = trustDomain;
    this.clock = clock;
  }

  /**
   * What lies in the folder, or nothing if neither certificate nor key does.
   *
   * @throws GeneralSecurityException if it will not do: what is wrong, and what to do about it
   */
  public Optional<SigningAuthority> read() throws GeneralSecurityException {
    Path certificateFile = folder.resolve(CERTIFICATE_FILE);
    Path keyFile = folder.resolve(KEY_FILE);
    if (!Files.exists(certificateFile) && !Files.exists(keyFile)) {
      return Optional.empty();
    }
    List<X509Certificate> chain = new ArrayList<>(certificates(certificateFile));
    Path rootFile = folder.resolve(ROOT_FILE);
    if (Files.exists(rootFile)) {
      certificates(rootFile).stream().filter(root -> !chain.contains(root)).forEach(chain::add);
    }
    PrivateKey key;
    try {
      key = Pem.privateKey(text(keyFile));
    } catch (GeneralSecurityException e) {
      throw new GeneralSecurityException(keyFile + " " + e.getMessage(), e);
    }
    SigningAuthority authority = new SigningAuthority(key, chain, SigningAuthority.Origin.BROUGHT);
    checkKey(authority, keyFile, certificateFile);
    checkSigning(authority, certificateFile);
    checkOrder(chain, certificateFile);
    checkTrustDomain(authority, certificateFile);
    checkByDoing(authority, certificateFile);
    return Optional.of(authority);
  }

  private static void checkKey(SigningAuthority authority, Path keyFile, Path certificateFile)
      throws GeneralSecurityException {
    boolean suitable =
        switch (authority.key()) {
          case ECKey ec -> {
            int bits = ec.getParams().getOrder().bitLength();
            yield bits == 256 || bits == 384;
          }
          case RSAKey rsa -> rsa.getModulus().bitLength() >= MIN_RSA_BITS;
          default -> false;
        };
    if (!suitable) {
      throw new GeneralSecurityException(
          keyFile
              + " holds a key of type "
              + authority.key().getAlgorithm()
              + " that won't do; bring one on P-256 or P-384, or RSA of at least 2048 bits");
    }
    byte[] probe = {1, 2, 3};
    String algorithm = authority.key() instanceof ECKey ? "SHA256withECDSA" : "SHA256withRSA";
    boolean match;
    try {
      Signature signature = Signature.getInstance(algorithm);
      signature.initSign(authority.key());
      signature.update(probe);
      byte[] signed = signature.sign();
      signature.initVerify(authority.certificate().getPublicKey());
      signature.update(probe);
      match = signature.verify(signed);
    } catch (GeneralSecurityException e) {
      match = false;
    }
    if (!match) {
      throw new GeneralSecurityException(
          keyFile
              + " is not the key of the first certificate of "
              + certificateFile
              + "; bring the pair, the signing certificate first in its file");
    }
  }

  private static void checkSigning(SigningAuthority authority, Path file)
      throws GeneralSecurityException {
    for (X509Certificate certificate : authority.chain()) {
      boolean[] usage = certificate.getKeyUsage();
      boolean signs = usage != null && usage.length > 5 && usage[5];
      if (certificate.getBasicConstraints() < 0 || !signs) {
        throw new GeneralSecurityException(
            file
                + ": "
                + certificate.getSubjectX500Principal()
                + " may not sign certificates; bring"
                + " one with basicConstraints CA:TRUE and keyUsage keyCertSign");
      }
    }
  }

  private static void checkOrder(List<X509Certificate> chain, Path file)
      throws GeneralSecurityException {
    for (int i = 0; i < chain.size(); i++) {
      X509Certificate certificate = chain.get(i);
      boolean last = i == chain.size() - 1;
      X509Certificate issuer = last ? certificate : chain.get(i + 1);
      if (!certificate.getIssuerX500Principal().equals(issuer.getSubjectX500Principal())) {
        throw new GeneralSecurityException(
            file
                + ": "
                + certificate.getSubjectX500Principal()
                + " was issued by "
                + certificate.getIssuerX500Principal()
                + ", which "
                + (last
                    ? "is missing; append the certificates up to and with the self-signed root, or"
                        + " put the root into "
                        + ROOT_FILE
                    : "does not follow it; put each certificate before its issuer's, the root"
                        + " last"));
      }
      certificate.verify(issuer.getPublicKey());
    }
  }

  private void checkTrustDomain(SigningAuthority authority, Path file)
      throws CertificateParsingException, GeneralSecurityException {
    String expected = SpiffeId.ofTrustDomain(trustDomain).toString();
    Collection<List<?>> names = authority.certificate().getSubjectAlternativeNames();
    for (List<?> name : names == null ? List.<List<?>>of() : names) {
      if (name.getFirst().equals(URI) && !name.get(1).equals(expected)) {
        throw new GeneralSecurityException(
            file
                + ": the signing certificate is for "
                + name.get(1)
                + ", expected "
                + expected
                + "; start with its trust domain, or bring a certificate of this one");
      }
    }
  }

  /** Finds what the checks above do not: name constraints, path lengths, expiry. */
  private void checkByDoing(SigningAuthority authority, Path file) throws GeneralSecurityException {
    KeyPair throwAway = KeyPairs.p256();
    SpiffeId probe = SpiffeId.workload(trustDomain, "probe", "probe");
    try {
      Svid svid =
          new SvidIssuer(clock)
              .issue(authority, probe, throwAway.getPublic(), Duration.ofMinutes(1));
      checkUnderConstraintsOfTheRoot(svid, authority.root());
    } catch (GeneralSecurityException e) {
      throw new GeneralSecurityException(
          file
              + " can't sign identities that the nodes accept: "
              + e.getMessage()
              + "; bring another one",
          e);
    }
  }

  /** Java does not look at the name constraints of a trust anchor itself; other proxies do. */
  private void checkUnderConstraintsOfTheRoot(Svid svid, X509Certificate root)
      throws GeneralSecurityException {
    byte[] extension = root.getExtensionValue(Extension.nameConstraints.getId());
    byte[] constraints =
        extension == null ? null : ASN1OctetString.getInstance(extension).getOctets();
    PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, constraints)));
    parameters.setRevocationEnabled(false);
    parameters.setDate(Date.from(clock.instant()));
    CertPathValidator.getInstance("PKIX")
        .validate(
            CertificateFactory.getInstance("X.509").generateCertPath(svid.chain()), parameters);
  }

  private static List<X509Certificate> certificates(Path file) throws GeneralSecurityException {
    try {
      return Pem.certificates(text(file));
    } catch (GeneralSecurityException e) {
      throw new GeneralSecurityException(file + " " + e.getMessage(), e);
    }
  }

  private static String text(Path file) throws GeneralSecurityException {
    try {
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw new GeneralSecurityException("is larger than " + MAX_FILE_BYTES + " bytes");
      }
      return Files.readString(file);
    } catch (IOException e) {
      throw new GeneralSecurityException(
          "can't be read ("
              + e
              + "); bring both "
              + CERTIFICATE_FILE
              + " and "
              + KEY_FILE
              + ", or neither for a root that the ca makes itself",
          e);
    }
  }
}
