package io.weftmesh.ca.server.signing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;

/** A second judge of our certificates, which shares no code with what makes and checks them. */
public final class OpenSsl {
  private final Path folder;

  public OpenSsl(Path folder) {
    this.folder = folder;
  }

  /** What {@code openssl x509 -text} says of a certificate. */
  String text(X509Certificate certificate) throws Exception {
    return run("x509", "-noout", "-text", "-in", pem("text.pem", List.of(certificate)));
  }

  /** Whether the chain leads to the root at that time, for TLS in both directions. */
  public void assertVerifies(List<X509Certificate> chain, X509Certificate root, Instant at)
      throws Exception {
    for (String purpose : List.of("sslclient", "sslserver")) {
      String output =
          run(
              "verify",
              "-x509_strict",
              "-check_ss_sig",
              "-purpose",
              purpose,
              "-attime",
              Long.toString(at.getEpochSecond()),
              "-CAfile",
              pem("root.pem", List.of(root)),
              "-untrusted",
              pem("chain.pem", chain),
              pem("leaf.pem", chain.subList(0, 1)));
      assertThat(output).endsWith(": OK\n");
    }
  }

  /** Runs openssl, which must succeed. */
  String run(String... arguments) throws Exception {
    List<String> command = new java.util.ArrayList<>(List.of("openssl"));
    command.addAll(List.of(arguments));
    Process process;
    try {
      process =
          new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
    } catch (IOException e) {
      throw new IllegalStateException("this test needs openssl: apt-get install openssl", e);
    }
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", command, output).isZero();
    return output;
  }

  private String pem(String name, List<X509Certificate> certificates) throws IOException {
    Path file = folder.resolve(name);
    Files.writeString(file, Pem.encode(certificates));
    return file.toString();
  }
}
