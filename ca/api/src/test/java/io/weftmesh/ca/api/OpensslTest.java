package io.weftmesh.ca.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.ca.fixtures.Keys;
import io.weftmesh.ca.fixtures.TestAuthority;
import io.weftmesh.ca.fixtures.TestSvid;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A second judge: openssl must agree with the validator on what the tests are made of. */
final class OpensslTest {
  private static final SpiffeId CART = SpiffeId.workload("cluster.local", "shop", "cart");

  private final TestAuthority root = TestAuthority.root("cluster.local");
  private @TempDir Path folder;

  @BeforeEach
  void writeRoot() throws IOException {
    Files.write(folder.resolve("root.pem"), root.bundle().toPem());
  }

  @Test
  void findsTheFixturesRightToo() throws Exception {
    assertThat(verify(root.svid(CART))).contains("OK");
    assertThat(verify(root.intermediate(s -> {}).svid(CART))).contains("OK");
  }

  @Test
  void refusesAnotherRootAndAnExpiredLeafToo() throws Exception {
    assertThat(verify(TestAuthority.root("cluster.local").svid(CART))).contains("error");
    TestSvid expired =
        root.svid(
            CART,
            s ->
                s.valid(
                    TestAuthority.NOW.minus(Duration.ofHours(2)),
                    TestAuthority.NOW.minus(Duration.ofHours(1))));
    assertThat(verify(expired)).contains("certificate has expired");
  }

  @Test
  void readsTheSameIdentity() throws Exception {
    write("leaf.pem", root.svid(CART).der().subList(0, 1));

    assertThat(openssl("x509", "-in", "leaf.pem", "-noout", "-ext", "subjectAltName"))
        .contains("critical")
        .contains("URI:" + CART);
  }

  @Test
  void takesOurCertificateRequest() throws Exception {
    Files.write(folder.resolve("request.der"), CertificateRequest.encode(Keys.p256()));

    assertThat(openssl("req", "-inform", "DER", "-in", "request.der", "-verify", "-noout", "-text"))
        .contains("verify OK")
        .contains("ASN1 OID: prime256v1")
        .contains("ecdsa-with-SHA256");
  }

  private String verify(TestSvid svid) throws IOException, InterruptedException {
    write("leaf.pem", svid.der().subList(0, 1));
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "verify",
                "-x509_strict",
                "-attime",
                String.valueOf(TestAuthority.NOW.getEpochSecond()),
                "-CAfile",
                "root.pem"));
    if (svid.der().size() > 1) {
      write("intermediates.pem", svid.der().subList(1, svid.der().size()));
      arguments.addAll(List.of("-untrusted", "intermediates.pem"));
    }
    arguments.add("leaf.pem");
    return openssl(arguments.toArray(String[]::new));
  }

  private void write(String file, List<byte[]> certificates) throws IOException {
    StringBuilder pem = new StringBuilder();
    for (byte[] der : certificates) {
      pem.append("-----BEGIN CERTIFICATE-----\n")
          .append(Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der))
          .append("\n-----END CERTIFICATE-----\n");
    }
    Files.writeString(folder.resolve(file), pem);
  }

  private String openssl(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("openssl"));
    command.addAll(Arrays.asList(arguments));
    Process process =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
    try (var output = process.getInputStream()) {
      String text = new String(output.readAllBytes(), UTF_8);
      process.waitFor();
      return text;
    }
  }
}
