package io.weftmesh.ca.server.signing;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.openssl.PEMEncryptedKeyPair;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemWriter;

/** Certificates and private keys as PEM text (RFC 7468). */
public final class Pem {
  private Pem() {}

  /**
   * All certificates of a text, in its order.
   *
   * @throws GeneralSecurityException if there is none, or something else than certificates
   */
  public static List<X509Certificate> certificates(String text) throws GeneralSecurityException {
    List<X509Certificate> certificates = new ArrayList<>();
    for (Object block : blocks(text)) {
      if (!(block instanceof X509CertificateHolder holder)) {
        throw new GeneralSecurityException("holds something else than certificates");
      }
      certificates.add(new JcaX509CertificateConverter().getCertificate(holder));
    }
    if (certificates.isEmpty()) {
      throw new GeneralSecurityException("holds no certificate (BEGIN CERTIFICATE)");
    }
    return certificates;
  }

  /**
   * The one private key of a text, as PKCS #8, or as the older SEC 1 or PKCS #1 form.
   *
   * @throws GeneralSecurityException if there is not exactly one, or it is encrypted
   */
  public static PrivateKey privateKey(String text) throws GeneralSecurityException {
    List<PrivateKeyInfo> keys = new ArrayList<>();
    for (Object block : blocks(text)) {
      switch (block) {
        case PrivateKeyInfo key -> keys.add(key);
        case PEMKeyPair pair -> keys.add(pair.getPrivateKeyInfo());
        case PEMEncryptedKeyPair _, PKCS8EncryptedPrivateKeyInfo _ ->
            throw new GeneralSecurityException(
                "holds an encrypted key; decrypt it with: openssl pkcs8 -in KEY -out tls.key");
        default -> {
          // openssl ecparam writes EC PARAMETERS before the key: they stand in the key as well.
        }
      }
    }
    if (keys.size() != 1) {
      throw new GeneralSecurityException(
          "holds " + keys.size() + " private keys, expected one (BEGIN PRIVATE KEY)");
    }
    try {
      return new JcaPEMKeyConverter().getPrivateKey(keys.getFirst());
    } catch (IOException e) {
      throw new GeneralSecurityException("holds a key that can't be read: " + e.getMessage(), e);
    }
  }

  /** A key as PKCS #8. */
  public static String encode(PrivateKey key) {
    return encode("PRIVATE KEY", List.of(key.getEncoded()));
  }

  /** Certificates in the order given. */
  public static String encode(List<X509Certificate> certificates) {
    return encode("CERTIFICATE", certificates.stream().map(Der::of).toList());
  }

  private static List<Object> blocks(String text) throws GeneralSecurityException {
    List<Object> blocks = new ArrayList<>();
    try (PEMParser parser = new PEMParser(new StringReader(text))) {
      for (Object block = parser.readObject(); block != null; block = parser.readObject()) {
        blocks.add(block);
      }
    } catch (IOException | RuntimeException e) {
      throw new GeneralSecurityException("is no PEM text: " + e.getMessage(), e);
    }
    return blocks;
  }

  private static String encode(String type, List<byte[]> blocks) {
    StringWriter text = new StringWriter();
    try (PemWriter writer = new PemWriter(text)) {
      for (byte[] block : blocks) {
        writer.writeObject(new PemObject(type, block));
      }
    } catch (IOException e) {
      throw new IllegalStateException("a StringWriter does not fail", e);
    }
    return text.toString();
  }
}
