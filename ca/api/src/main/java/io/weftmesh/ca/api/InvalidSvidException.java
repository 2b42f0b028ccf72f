package io.weftmesh.ca.api;

import java.security.cert.CertificateException;
import org.jspecify.annotations.Nullable;

/** A certificate chain is not an X.509-SVID that may be trusted; says which rule it breaks. */
public final class InvalidSvidException extends CertificateException {
  private static final long serialVersionUID = 1L;

  /** What a chain is held against, in the order of checking. */
  public enum Rule {
    /** The chain has at least one and not too many certificates. */
    CHAIN_LENGTH,
    /** The chain is not larger than {@link SvidValidator#MAX_CHAIN_BYTES}. */
    CHAIN_SIZE,
    /** Each certificate is DER that can be read as X.509 v3. */
    ENCODING,
    /** The leaf has exactly one URI as subject alternative name, a SPIFFE ID with a path. */
    SPIFFE_ID,
    /** A trust bundle of the leaf's own trust domain is known. */
    TRUST_DOMAIN,
    /** Now is not after a certificate's end. */
    EXPIRED,
    /** Now is not before a certificate's beginning. */
    NOT_YET_VALID,
    /** RFC 5280 leads from the leaf to a root of its own trust domain. */
    PATH,
    /** The leaf is no certificate authority. */
    LEAF_IS_CA,
    /** The leaf's key usage is critical, for signatures, and not for certificates or CRLs. */
    KEY_USAGE,
    /** The leaf's extended key usage holds both serverAuth and clientAuth. */
    EXTENDED_KEY_USAGE,
    /** Keys are P-256, P-384 or RSA of at least 2048 bits. */
    KEY,
    /** The leaf is of the identity, or at least the trust domain, that was expected. */
    EXPECTED_IDENTITY,
  }

  private final Rule rule;

  InvalidSvidException(Rule rule, String message) {
    this(rule, message, null);
  }

  InvalidSvidException(Rule rule, String message, @Nullable Throwable cause) {
    super(rule + ": " + message, cause);
    this.rule = rule;
  }

  public Rule rule() {
    return rule;
  }
}
