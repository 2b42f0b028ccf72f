package io.weftmesh.ca.server.signing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.util.Arrays;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequestBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.junit.jupiter.api.Test;

class SigningRequestTest {
  private static KeyPair keys(String algorithm, String curve) throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
    if (curve.isEmpty()) {
      generator.initialize(2048);
    } else {
      generator.initialize(new ECGenParameterSpec(curve));
    }
    return generator.generateKeyPair();
  }

  private static PKCS10CertificationRequestBuilder request(KeyPair keys) {
    return new JcaPKCS10CertificationRequestBuilder(
        new X500Principal("CN=kubernetes-admin,O=system:masters"), keys.getPublic());
  }

  private static byte[] sign(PKCS10CertificationRequestBuilder request, KeyPair keys, String how)
      throws Exception {
    return request.build(new JcaContentSignerBuilder(how).build(keys.getPrivate())).getEncoded();
  }

  private static void assertRefused(byte[] der, String why) {
    assertThatThrownBy(() -> SigningRequest.publicKey(der))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining(why);
  }

  @Test
  void takesTheKeyAndNothingElse() throws Exception {
    KeyPair keys = KeyPairs.p256();
    ExtensionsGenerator wishes = new ExtensionsGenerator();
    wishes.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
    wishes.addExtension(new ASN1ObjectIdentifier("1.2.3.4"), true, new DERUTF8String("odd"));
    byte[] der =
        sign(
            request(keys)
                .addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, wishes.generate()),
            keys,
            "SHA256withECDSA");

    assertThat(SigningRequest.publicKey(der)).isEqualTo(keys.getPublic());
  }

  @Test
  void refusesALargeRequestBeforeParsingIt() {
    assertRefused(new byte[SigningRequest.MAX_BYTES + 1], "has 4097 bytes, expected 1 to 4096");
    assertRefused(new byte[0], "has 0 bytes");
  }

  @Test
  void refusesTooManyExtensions() throws Exception {
    KeyPair keys = KeyPairs.p256();
    ExtensionsGenerator wishes = new ExtensionsGenerator();
    for (int i = 0; i <= SigningRequest.MAX_EXTENSIONS; i++) {
      wishes.addExtension(new ASN1ObjectIdentifier("1.2.3." + i), false, new byte[] {5, 0});
    }
    assertRefused(
        sign(
            request(keys)
                .addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, wishes.generate()),
            keys,
            "SHA256withECDSA"),
        "asks for 17 extensions, expected at most 16");
  }

  @Test
  void refusesTooManyAttributes() throws Exception {
    KeyPair keys = KeyPairs.p256();
    PKCS10CertificationRequestBuilder request = request(keys);
    for (int i = 0; i <= SigningRequest.MAX_ATTRIBUTES; i++) {
      request.addAttribute(
          new ASN1ObjectIdentifier("1.2.3." + i), new DEROctetString(new byte[] {1}));
    }
    assertRefused(sign(request, keys, "SHA256withECDSA"), "has 9 attributes");
  }

  @Test
  void refusesOtherKeys() throws Exception {
    KeyPair p384 = keys("EC", "secp384r1");
    KeyPair rsa = keys("RSA", "");
    KeyPair ed25519 = keys("Ed25519", "Ed25519");

    assertRefused(sign(request(p384), p384, "SHA384withECDSA"), "expected EC on P-256");
    assertRefused(sign(request(rsa), rsa, "SHA256withRSA"), "expected EC on P-256");
    assertRefused(sign(request(ed25519), ed25519, "Ed25519"), "expected EC on P-256");
  }

  @Test
  void refusesAKeyThatItsSenderDoesNotHold() throws Exception {
    KeyPair stolen = KeyPairs.p256();
    KeyPair own = KeyPairs.p256();

    assertRefused(sign(request(stolen), own, "SHA256withECDSA"), "not signed by the key");
  }

  @Test
  void refusesWeakSignatures() throws Exception {
    KeyPair keys = KeyPairs.p256();

    assertRefused(sign(request(keys), keys, "SHA1withECDSA"), "expected ECDSA with SHA-2");
  }

  @Test
  void refusesWhatFollowsTheRequest() throws Exception {
    byte[] der = CertificateRequests.p256();

    assertRefused(Arrays.copyOf(der, der.length + 1), "no PKCS #10");
    assertRefused(Arrays.copyOf(der, der.length - 1), "no PKCS #10");
  }

  @Test
  void refusesAPointThatIsNotOnTheCurve() throws Exception {
    KeyPair keys = KeyPairs.p256();
    byte[] der = CertificateRequests.of(keys);
    byte[] key = keys.getPublic().getEncoded();
    byte[] point = Arrays.copyOfRange(key, key.length - 65, key.length);
    int at = indexOf(der, point);
    der[at + 64] ^= 1;

    assertRefused(der, "no PKCS #10");
  }

  @Test
  void survivesDeepNesting() {
    byte[] bomb = new byte[SigningRequest.MAX_BYTES];
    for (int i = 0; i < bomb.length; i += 2) {
      bomb[i] = 0x30;
      bomb[i + 1] = (byte) 0x80;
    }
    assertRefused(bomb, "no PKCS #10");
  }

  private static int indexOf(byte[] bytes, byte[] part) {
    for (int i = 0; i + part.length <= bytes.length; i++) {
      if (Arrays.equals(bytes, i, i + part.length, part, 0, part.length)) {
        return i;
      }
    }
    throw new AssertionError("not found");
  }
}
