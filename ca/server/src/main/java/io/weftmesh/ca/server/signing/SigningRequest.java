package io.weftmesh.ca.server.signing;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.util.Map;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.pkcs.Attribute;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;

/**
 * Reads a certificate signing request (PKCS #10, RFC 2986), of which only the public key is taken:
 * subject and extensions are looked at as far as bounding them needs, and otherwise ignored.
 */
public final class SigningRequest {
  /** A request for a P-256 key has about 250 bytes, and openssl's with a long subject 500. */
  public static final int MAX_BYTES = 4096;

  static final int MAX_ATTRIBUTES = 8;
  static final int MAX_EXTENSIONS = 16;

  /** An uncompressed point on P-256: a marker and two coordinates. */
  private static final int COORDINATE_BYTES = 32;

  private static final int POINT_BYTES = 1 + 2 * COORDINATE_BYTES;
  private static final byte UNCOMPRESSED = 4;

  private static final Map<String, String> SIGNATURE_ALGORITHMS =
      Map.of(
          X9ObjectIdentifiers.ecdsa_with_SHA256.getId(), "SHA256withECDSA",
          X9ObjectIdentifiers.ecdsa_with_SHA384.getId(), "SHA384withECDSA",
          X9ObjectIdentifiers.ecdsa_with_SHA512.getId(), "SHA512withECDSA");

  private SigningRequest() {}

  /**
   * The public key of a request whose sender holds the private key.
   *
   * @throws InvalidRequestException if the request is too large, malformed, of another key type
   *     than P-256, or not signed by its own key
   */
  public static PublicKey publicKey(byte[] der) throws InvalidRequestException {
    if (der.length == 0 || der.length > MAX_BYTES) {
      throw new InvalidRequestException(
          "the CSR has " + der.length + " bytes, expected 1 to " + MAX_BYTES);
    }
    PKCS10CertificationRequest request;
    PublicKey key;
    try {
      request = new PKCS10CertificationRequest(der);
      checkBounds(request);
      key = p256(request.getSubjectPublicKeyInfo());
    } catch (InvalidRequestException e) {
      throw e;
    } catch (Exception e) {
      // BouncyCastle reports malformed ASN.1 with half a dozen unchecked exceptions.
      throw new InvalidRequestException("the CSR is no PKCS #10 in DER: " + e.getMessage());
    }
    checkSignature(request, key);
    return key;
  }

  private static void checkBounds(PKCS10CertificationRequest request)
      throws InvalidRequestException {
    Attribute[] attributes = request.getAttributes();
    if (attributes.length > MAX_ATTRIBUTES) {
      throw new InvalidRequestException(
          "the CSR has " + attributes.length + " attributes, expected at most " + MAX_ATTRIBUTES);
    }
    int extensions = 0;
    for (Attribute attribute : attributes) {
      if (attribute.getAttrType().equals(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest)) {
        for (int i = 0; i < attribute.getAttrValues().size(); i++) {
          extensions +=
              Extensions.getInstance(attribute.getAttrValues().getObjectAt(i))
                  .getExtensionOIDs()
                  .length;
        }
      }
    }
    if (extensions > MAX_EXTENSIONS) {
      throw new InvalidRequestException(
          "the CSR asks for " + extensions + " extensions, expected at most " + MAX_EXTENSIONS);
    }
  }

  /** Made anew from the point's coordinates, so that nothing of the sender's encoding goes on. */
  private static PublicKey p256(SubjectPublicKeyInfo info)
      throws InvalidRequestException, GeneralSecurityException {
    AlgorithmIdentifier algorithm = info.getAlgorithm();
    if (!algorithm.getAlgorithm().equals(X9ObjectIdentifiers.id_ecPublicKey)
        || !X9ObjectIdentifiers.prime256v1.equals(algorithm.getParameters())) {
      throw new InvalidRequestException(
          "the CSR's key is of type " + algorithm.getAlgorithm() + ", expected EC on P-256");
    }
    byte[] encoded = info.getPublicKeyData().getOctets();
    if (encoded.length != POINT_BYTES || encoded[0] != UNCOMPRESSED) {
      throw new InvalidRequestException("the CSR's key is no uncompressed point");
    }
    // Refuses a point that is not on the curve, which the JDK's factory would take.
    CustomNamedCurves.getByName("P-256").getCurve().decodePoint(encoded);
    ECPoint point =
        new ECPoint(
            new BigInteger(1, encoded, 1, COORDINATE_BYTES),
            new BigInteger(1, encoded, 1 + COORDINATE_BYTES, COORDINATE_BYTES));
    return KeyFactory.getInstance("EC")
        .generatePublic(new ECPublicKeySpec(point, KeyPairs.p256Parameters()));
  }

  private static void checkSignature(PKCS10CertificationRequest request, PublicKey key)
      throws InvalidRequestException {
    String oid = request.getSignatureAlgorithm().getAlgorithm().getId();
    String algorithm = SIGNATURE_ALGORITHMS.get(oid);
    if (algorithm == null) {
      throw new InvalidRequestException(
          "the CSR is signed with algorithm " + oid + ", expected ECDSA with SHA-2");
    }
    boolean valid;
    try {
      Signature signature = Signature.getInstance(algorithm);
      signature.initVerify(key);
      signature.update(
          request.toASN1Structure().getCertificationRequestInfo().getEncoded(ASN1Encoding.DER));
      valid = signature.verify(request.getSignature());
    } catch (Exception e) {
      throw new InvalidRequestException("the CSR's signature can't be read: " + e.getMessage());
    }
    if (!valid) {
      throw new InvalidRequestException("the CSR is not signed by the key that it holds");
    }
  }
}
