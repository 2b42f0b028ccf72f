package io.weftmesh.ca.api;

import io.weftmesh.ca.api.InvalidSvidException.Rule;
import java.security.GeneralSecurityException;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.PKIXParameters;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Set;

/**
 * Verifies X.509-SVIDs, as the X509-SVID standard has it and a little stricter.
 *
 * <p>In this order: the chain is bounded in length and bytes before anything of it is parsed; the
 * leaf's SPIFFE ID is read (rule 1), for it says which bundle to use; RFC 5280 path validation
 * against the bundle of <em>the leaf's own</em> trust domain, without revocation (leaves live for
 * an hour); then the rules on the leaf that path validation does not know. What path validation
 * lets pass and this class does not: a certificate authority as a peer, a leaf that signs
 * certificates, a leaf for one direction only, a second URI, an intermediate without keyCertSign,
 * unusual keys.
 *
 * <p>Immutable and safe for any thread; takes about a quarter of a millisecond, and never blocks.
 */
public final class SvidValidator {
  /** A leaf and a generous number of intermediates. */
  public static final int MAX_CHAIN_LENGTH = 8;

  /** All certificates of a chain together; ours have about 600 bytes each. */
  public static final int MAX_CHAIN_BYTES = 32 * 1024;

  private static final int URI = 6;
  private static final int DIGITAL_SIGNATURE = 0;
  private static final int KEY_CERT_SIGN = 5;
  private static final int CRL_SIGN = 6;
  private static final String KEY_USAGE = "2.5.29.15";
  private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
  private static final String CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

  private final TrustBundles bundles;
  private final InstantSource clock;

  public SvidValidator(TrustBundles bundles, InstantSource clock) {
    this.bundles = bundles;
    this.clock = clock;
  }

  /**
   * Verifies a chain, the leaf first, and says whose it is.
   *
   * @throws InvalidSvidException if it is not to be trusted, with the rule that it breaks
   */
  public VerifiedSvid validate(List<byte[]> chain) throws InvalidSvidException {
    List<X509Certificate> certificates = parse(chain);
    X509Certificate leaf = certificates.getFirst();
    SpiffeId id = spiffeId(leaf);
    TrustBundle bundle =
        bundles
            .of(id.trustDomain())
            .orElseThrow(() ->
                new InvalidSvidException(
                    Rule.TRUST_DOMAIN, "no trust bundle of the trust domain of " + id));
    // Before the path, so that a CA shown as a peer is called that.
    checkNoAuthority(leaf, id);
    checkPath(certificates, bundle, id);
    checkKeyUsage(leaf, id);
    checkExtendedKeyUsage(leaf, id);
    checkIntermediates(certificates);
    for (X509Certificate certificate : certificates) {
      PublicKeys.check(certificate.getPublicKey());
    }
    return new VerifiedSvid(id, certificates);
  }

  /** As {@link #validate(List)}, and it must be the given identity. */
  public VerifiedSvid validate(List<byte[]> chain, SpiffeId expected) throws InvalidSvidException {
    VerifiedSvid svid = validate(chain);
    if (!svid.id().equals(expected)) {
      throw new InvalidSvidException(
          Rule.EXPECTED_IDENTITY, "the peer is " + svid.id() + ", expected " + expected);
    }
    return svid;
  }

  /** As {@link #validate(List)}, and it must be of the given trust domain. */
  public VerifiedSvid validateTrustDomain(List<byte[]> chain, String trustDomain)
      throws InvalidSvidException {
    VerifiedSvid svid = validate(chain);
    if (!svid.id().trustDomain().equals(trustDomain)) {
      throw new InvalidSvidException(
          Rule.EXPECTED_IDENTITY,
          "the peer is " + svid.id() + ", expected an identity of " + trustDomain);
    }
    return svid;
  }

  private static List<X509Certificate> parse(List<byte[]> chain) throws InvalidSvidException {
    if (chain.isEmpty() || chain.size() > MAX_CHAIN_LENGTH) {
      throw new InvalidSvidException(
          Rule.CHAIN_LENGTH,
          "the chain has " + chain.size() + " certificates, expected 1 to " + MAX_CHAIN_LENGTH);
    }
    long bytes = 0;
    for (byte[] der : chain) {
      bytes += der.length;
    }
    if (bytes > MAX_CHAIN_BYTES) {
      throw new InvalidSvidException(
          Rule.CHAIN_SIZE,
          "the chain has " + bytes + " bytes, expected at most " + MAX_CHAIN_BYTES);
    }
    List<X509Certificate> certificates = new ArrayList<>(chain.size());
    for (byte[] der : chain) {
      try {
        certificates.add(Certificates.parse(der));
      } catch (CertificateException e) {
        throw new InvalidSvidException(
            Rule.ENCODING,
            "certificate " + certificates.size() + " of the chain can't be read: " + printable(e),
            e);
      }
    }
    return certificates;
  }

  /**
   * Rule 1 alone: exactly one URI as subject alternative name, of any scheme, and it is a SPIFFE ID
   * with a path. For a leaf that has been verified, or was made here.
   */
  public static SpiffeId spiffeId(X509Certificate leaf) throws InvalidSvidException {
    Collection<List<?>> names;
    try {
      names = leaf.getSubjectAlternativeNames();
    } catch (CertificateParsingException e) {
      throw new InvalidSvidException(
          Rule.SPIFFE_ID, "the subject alternative names can't be read: " + printable(e), e);
    }
    List<String> uris = new ArrayList<>(1);
    if (names != null) {
      for (List<?> name : names) {
        if (name.getFirst().equals(URI)) {
          uris.add((String) name.get(1));
        }
      }
    }
    if (uris.size() != 1) {
      throw new InvalidSvidException(
          Rule.SPIFFE_ID,
          "the leaf has " + uris.size() + " URIs as subject alternative name, expected one");
    }
    try {
      SpiffeId id = SpiffeId.parse(uris.getFirst());
      if (id.path().isEmpty()) {
        throw new InvalidSvidException(
            Rule.SPIFFE_ID, id + " has no path: it names a trust domain and no workload");
      }
      return id;
    } catch (IllegalArgumentException e) {
      throw new InvalidSvidException(Rule.SPIFFE_ID, printable(e), e);
    }
  }

  private void checkPath(List<X509Certificate> chain, TrustBundle bundle, SpiffeId id)
      throws InvalidSvidException {
    try {
      CertPath path = CertificateFactory.getInstance("X.509").generateCertPath(chain);
      PKIXParameters parameters = new PKIXParameters(bundle.anchors());
      parameters.setRevocationEnabled(false);
      parameters.setDate(Date.from(clock.instant()));
      CertPathValidator.getInstance("PKIX").validate(path, parameters);
    } catch (CertPathValidatorException e) {
      throw new InvalidSvidException(
          rule(e), id + ", certificate " + e.getIndex() + " of the chain: " + printable(e), e);
    } catch (GeneralSecurityException e) {
      throw new InvalidSvidException(Rule.PATH, id + ": " + printable(e), e);
    }
  }

  private static Rule rule(CertPathValidatorException e) {
    if (e.getReason() == BasicReason.EXPIRED) {
      return Rule.EXPIRED;
    }
    return e.getReason() == BasicReason.NOT_YET_VALID ? Rule.NOT_YET_VALID : Rule.PATH;
  }

  /** Rule 3. */
  private static void checkNoAuthority(X509Certificate leaf, SpiffeId id)
      throws InvalidSvidException {
    if (leaf.getBasicConstraints() >= 0) {
      throw new InvalidSvidException(
          Rule.LEAF_IS_CA, "the leaf of " + id + " is a certificate authority's");
    }
  }

  /** Rule 4. */
  private static void checkKeyUsage(X509Certificate leaf, SpiffeId id) throws InvalidSvidException {
    boolean[] usage = leaf.getKeyUsage();
    Set<String> critical = leaf.getCriticalExtensionOIDs();
    if (usage == null || critical == null || !critical.contains(KEY_USAGE)) {
      throw new InvalidSvidException(
          Rule.KEY_USAGE, "the leaf of " + id + " has no critical key usage");
    }
    if (!isSet(usage, DIGITAL_SIGNATURE)) {
      throw new InvalidSvidException(
          Rule.KEY_USAGE, "the leaf of " + id + " is not for digital signatures");
    }
    if (isSet(usage, KEY_CERT_SIGN) || isSet(usage, CRL_SIGN)) {
      throw new InvalidSvidException(
          Rule.KEY_USAGE, "the leaf of " + id + " is for signing certificates or CRLs");
    }
  }

  /** Rule 5. */
  private static void checkExtendedKeyUsage(X509Certificate leaf, SpiffeId id)
      throws InvalidSvidException {
    List<String> usage;
    try {
      usage = leaf.getExtendedKeyUsage();
    } catch (CertificateParsingException e) {
      throw new InvalidSvidException(Rule.EXTENDED_KEY_USAGE, printable(e), e);
    }
    if (usage == null || !usage.contains(SERVER_AUTH) || !usage.contains(CLIENT_AUTH)) {
      throw new InvalidSvidException(
          Rule.EXTENDED_KEY_USAGE,
          "the leaf of " + id + " is not for both serverAuth and clientAuth: " + usage);
    }
  }

  /** Path validation lets an authority pass that says nothing of its key's usage. */
  private static void checkIntermediates(List<X509Certificate> chain) throws InvalidSvidException {
    for (int i = 1; i < chain.size(); i++) {
      boolean[] usage = chain.get(i).getKeyUsage();
      if (usage == null || !isSet(usage, KEY_CERT_SIGN)) {
        throw new InvalidSvidException(
            Rule.PATH, "certificate " + i + " of the chain may not sign certificates");
      }
    }
  }

  private static boolean isSet(boolean[] usage, int bit) {
    return bit < usage.length && usage[bit];
  }

  private static String printable(Exception e) {
    return Printable.of(String.valueOf(e.getMessage()));
  }
}
