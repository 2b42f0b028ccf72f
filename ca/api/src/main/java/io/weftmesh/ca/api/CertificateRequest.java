package io.weftmesh.ca.api;

import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.Signature;

/**
 * A PKCS #10 request (RFC 2986) for a P-256 key, and nothing more: no subject, no attributes. The
 * ca takes the public key alone, and the request proves that its sender holds the private half.
 */
public final class CertificateRequest {
  private static final int SEQUENCE = 0x30;
  private static final int BIT_STRING = 0x03;

  /** INTEGER 0. */
  private static final byte[] VERSION = {0x02, 0x01, 0x00};

  private static final byte[] EMPTY_SUBJECT = {SEQUENCE, 0x00};
  private static final byte[] NO_ATTRIBUTES = {(byte) 0xa0, 0x00};

  /** SEQUENCE { OBJECT IDENTIFIER 1.2.840.10045.4.3.2 }. */
  private static final byte[] ECDSA_WITH_SHA256 = {
    SEQUENCE, 0x0a, 0x06, 0x08, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x04, 0x03, 0x02
  };

  private CertificateRequest() {}

  /** The request in DER, signed with the pair's private key. */
  public static byte[] encode(KeyPair keys) {
    byte[] info =
        der(SEQUENCE, VERSION, EMPTY_SUBJECT, keys.getPublic().getEncoded(), NO_ATTRIBUTES);
    byte[] noUnusedBits = {0};
    return der(SEQUENCE, info, ECDSA_WITH_SHA256, der(BIT_STRING, noUnusedBits, sign(keys, info)));
  }

  private static byte[] sign(KeyPair keys, byte[] info) {
    try {
      Signature signature = Signature.getInstance("SHA256withECDSA");
      signature.initSign(keys.getPrivate());
      signature.update(info);
      return signature.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException(
          "can't sign with a key of type " + keys.getPrivate().getAlgorithm() + ", expected EC", e);
    }
  }

  private static byte[] der(int tag, byte[]... parts) {
    int length = 0;
    for (byte[] part : parts) {
      length += part.length;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream(length + 4);
    out.write(tag);
    if (length >= 0x100) {
      out.write(0x82);
      out.write(length >>> 8);
    } else if (length >= 0x80) {
      out.write(0x81);
    }
    out.write(length);
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
