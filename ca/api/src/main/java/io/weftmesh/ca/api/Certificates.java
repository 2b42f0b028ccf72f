package io.weftmesh.ca.api;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/** Reads certificates: one DER encoding exactly, or the blocks of a PEM text. */
final class Certificates {
  private static final String BEGIN = "-----BEGIN ";
  private static final String BEGIN_CERTIFICATE = "-----BEGIN CERTIFICATE-----";
  private static final String END_CERTIFICATE = "-----END CERTIFICATE-----";
  private static final int DER_SEQUENCE = 0x30;

  private Certificates() {}

  static X509Certificate parse(byte[] der) throws CertificateException {
    // The JDK's factory would take PEM as well, and ignores what follows the certificate.
    if (der.length == 0 || der[0] != DER_SEQUENCE) {
      throw new CertificateException("no DER certificate: it does not start with a SEQUENCE");
    }
    if (CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der))
            instanceof X509Certificate certificate
        && Arrays.equals(certificate.getEncoded(), der)) {
      return certificate;
    }
    throw new CertificateException("no DER certificate: something follows its end");
  }

  static List<byte[]> pemBlocks(byte[] pem) throws CertificateException {
    List<byte[]> blocks = new ArrayList<>();
    StringBuilder block = new StringBuilder();
    boolean inside = false;
    for (String line : new String(pem, StandardCharsets.ISO_8859_1).split("\r?\n", -1)) {
      String text = line.strip();
      if (text.startsWith(BEGIN)) {
        if (inside || !text.equals(BEGIN_CERTIFICATE)) {
          throw new CertificateException(
              "expected only whole CERTIFICATE blocks in the PEM text, found "
                  + Printable.of(text));
        }
        inside = true;
        block.setLength(0);
      } else if (text.equals(END_CERTIFICATE)) {
        if (!inside) {
          throw new CertificateException("the PEM text ends a block that was not begun");
        }
        inside = false;
        blocks.add(decode(block.toString()));
      } else if (inside) {
        block.append(text);
      }
    }
    if (inside) {
      throw new CertificateException("the last block of the PEM text has no end");
    }
    if (blocks.isEmpty()) {
      throw new CertificateException("the PEM text holds no CERTIFICATE block");
    }
    return blocks;
  }

  private static byte[] decode(String base64) throws CertificateException {
    try {
      return Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      throw new CertificateException("a block of the PEM text is no base64", e);
    }
  }
}
