package io.weftmesh.ca.server.signing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weftmesh.ca.api.SpiffeId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Authorities made with openssl, as a user would. */
class BroughtAuthorityTest {
  @TempDir private Path folder;
  private OpenSsl openssl;

  @BeforeEach
  void openssl() {
    openssl = new OpenSsl(folder);
  }

  private void root(String name, String... extensions) throws Exception {
    String[] fixed = {
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-noenc",
      "-keyout",
      name + ".key",
      "-out",
      name + ".crt",
      "-days",
      "30",
      "-subj",
      "/CN=" + name
    };
    openssl.run(with(fixed, extensions));
  }

  private void intermediate(String name, String root, String... extensions) throws Exception {
    String[] fixed = {
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-384",
      "-noenc",
      "-keyout",
      name + ".key",
      "-out",
      name + ".crt",
      "-days",
      "30",
      "-subj",
      "/CN=" + name,
      "-CA",
      root + ".crt",
      "-CAkey",
      root + ".key"
    };
    openssl.run(with(fixed, extensions));
  }

  private static String[] with(String[] fixed, String... extensions) {
    String[] all = new String[fixed.length + 2 * extensions.length];
    System.arraycopy(fixed, 0, all, 0, fixed.length);
    for (int i = 0; i < extensions.length; i++) {
      all[fixed.length + 2 * i] = "-addext";
      all[fixed.length + 2 * i + 1] = extensions[i];
    }
    return all;
  }

  private static final String CA = "basicConstraints=critical,CA:true";
  private static final String SIGNS = "keyUsage=critical,keyCertSign";

  private void bring(String key, String... certificates) throws Exception {
    Files.copy(folder.resolve(key + ".key"), folder.resolve("tls.key"));
    StringBuilder chain = new StringBuilder();
    for (String certificate : certificates) {
      chain.append(Files.readString(folder.resolve(certificate + ".crt")));
    }
    Files.writeString(folder.resolve("tls.crt"), chain);
  }

  private Optional<SigningAuthority> read() throws Exception {
    return new BroughtAuthority(folder, "cluster.local", InstantSource.system()).read();
  }

  private void assertRefused(String... why) {
    assertThatThrownBy(this::read)
        .isInstanceOf(java.security.GeneralSecurityException.class)
        .hasMessageContainingAll(why);
  }

  @Test
  void isNothingWhereNothingLies() throws Exception {
    assertThat(read()).isEmpty();
  }

  @Test
  void signsWithARootOfTheUsers() throws Exception {
    root("corp", CA, SIGNS, "subjectAltName=URI:spiffe://cluster.local");
    bring("corp", "corp");

    SigningAuthority authority = read().orElseThrow();
    assertThat(authority.origin()).isEqualTo(SigningAuthority.Origin.BROUGHT);
    assertThat(authority.intermediates()).isEmpty();
  }

  @Test
  void signsWithAnIntermediateAndSendsItAlong() throws Exception {
    root("corp", CA, SIGNS);
    intermediate("mesh", "corp", CA, SIGNS);
    bring("mesh", "mesh", "corp");

    SigningAuthority authority = read().orElseThrow();
    Svid svid =
        new SvidIssuer(InstantSource.system())
            .issue(
                authority,
                SpiffeId.workload("cluster.local", "shop", "web"),
                KeyPairs.p256().getPublic(),
                Duration.ofHours(1));
    assertThat(svid.chain()).hasSize(2).doesNotContain(authority.root());
    assertThat(svid.leaf().getSigAlgName()).isEqualTo("SHA384withECDSA");
    openssl.assertVerifies(
        svid.chain(), authority.root(), InstantSource.system().instant().plusSeconds(5));
  }

  @Test
  void findsTheRootInItsOwnFileToo() throws Exception {
    root("corp", CA, SIGNS);
    intermediate("mesh", "corp", CA, SIGNS);
    bring("mesh", "mesh");
    Files.copy(folder.resolve("corp.crt"), folder.resolve("ca.crt"));

    assertThat(read().orElseThrow().chain()).hasSize(2);
  }

  @Test
  void saysThatTheRootIsMissing() throws Exception {
    root("corp", CA, SIGNS);
    intermediate("mesh", "corp", CA, SIGNS);
    bring("mesh", "mesh");

    assertRefused("CN=mesh was issued by CN=corp, which is missing", "ca.crt");
  }

  @Test
  void saysThatTheOrderIsWrong() throws Exception {
    root("corp", CA, SIGNS);
    intermediate("mesh", "corp", CA, SIGNS);
    bring("corp", "corp", "mesh");

    assertRefused("put each certificate before its issuer's");
  }

  @Test
  void saysThatTheKeyIsAnothersKey() throws Exception {
    root("corp", CA, SIGNS);
    root("other", CA, SIGNS);
    bring("other", "corp");

    assertRefused("tls.key is not the key of the first certificate", "bring the pair");
  }

  @Test
  void saysThatTheKeyIsMissing() throws Exception {
    root("corp", CA, SIGNS);
    Files.copy(folder.resolve("corp.crt"), folder.resolve("tls.crt"));

    assertRefused("tls.key", "bring both tls.crt and tls.key");
  }

  @Test
  void saysThatTheKeyIsEncrypted() throws Exception {
    root("corp", CA, SIGNS);
    openssl.run(
        "pkcs8", "-topk8", "-in", "corp.key", "-out", "locked.key", "-passout", "pass:secret");
    bring("locked", "corp");

    assertRefused("holds an encrypted key; decrypt it with: openssl pkcs8");
  }

  @Test
  void saysThatItIsNoAuthority() throws Exception {
    root("leaf", "basicConstraints=critical,CA:false", "keyUsage=critical,digitalSignature");
    bring("leaf", "leaf");

    assertRefused("CN=leaf may not sign certificates", "CA:TRUE");
  }

  @Test
  void saysThatTheTrustDomainIsAnother() throws Exception {
    root("corp", CA, SIGNS, "subjectAltName=URI:spiffe://other.example");
    bring("corp", "corp");

    assertRefused("is for spiffe://other.example, expected spiffe://cluster.local");
  }

  @Test
  void saysThatNameConstraintsForbidOurIdentities() throws Exception {
    root("corp", CA, SIGNS, "nameConstraints=critical,permitted;URI:.example.com");
    bring("corp", "corp");

    assertRefused("can't sign identities that the nodes accept");
  }

  @Test
  void saysThatTheFileIsGarbage() throws Exception {
    root("corp", CA, SIGNS);
    bring("corp", "corp");
    Files.writeString(folder.resolve("tls.crt"), "hello");

    assertRefused("tls.crt holds no certificate");
  }
}
