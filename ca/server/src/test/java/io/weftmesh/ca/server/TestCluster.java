package io.weftmesh.ca.server;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.weftmesh.ca.server.node.JwksTokenVerifier;
import io.weftmesh.ca.server.node.TokenVerifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;

/** A cluster in a folder: manifests, keys for tokens, and the command line of a ca for it. */
final class TestCluster {
  static final String TRUST_DOMAIN = "cluster.local";

  final Path folder;

  /** Begins at the real time, which TLS goes by; truncated, since certificates are. */
  final TestClock clock = new TestClock(Instant.now().truncatedTo(ChronoUnit.SECONDS));

  private final ECKey tokenKey;

  TestCluster(Path folder) throws IOException, JOSEException {
    this.folder = folder;
    this.tokenKey = new ECKeyGenerator(Curve.P_256).keyID("cluster").generate();
    Files.createDirectories(manifests());
    Files.writeString(folder.resolve("jwks.json"), new JWKSet(tokenKey.toPublicJWK()).toString());
    namespace("weft-system", "");
    namespace("shop", "enabled");
  }

  Path manifests() {
    return folder.resolve("manifests");
  }

  Path bundle() {
    return folder.resolve("bundle.pem");
  }

  Path control() {
    return folder.resolve("control.sock");
  }

  void namespace(String name, String mesh) throws IOException {
    write(
        "namespace-" + name,
        """
        apiVersion: v1
        kind: Namespace
        metadata:
          name: %s
          labels: {%s}
        """
            .formatted(name, mesh.isEmpty() ? "" : "weftmesh.io/mesh: " + mesh));
  }

  /** The pod of a node proxy, whose UID is "proxy-" and the node's name. */
  void node(String name) throws IOException {
    pod("proxy-" + name, "weft-system", "weft-node-proxy", name, "10.99.0.1", "Running", "");
  }

  void pod(String uid, String serviceAccount, String node, String address) throws IOException {
    pod(uid, "shop", serviceAccount, node, address, "Running", "");
  }

  void pod(
      String uid,
      String namespace,
      String serviceAccount,
      String node,
      String address,
      String phase,
      String mesh)
      throws IOException {
    write(
        "pod-" + uid,
        """
        apiVersion: v1
        kind: Pod
        metadata:
          name: %s
          namespace: %s
          uid: %s
          labels: {%s}
        spec:
          nodeName: %s
          serviceAccountName: %s
        status:
          phase: %s
          podIP: %s
        """
            .formatted(
                uid,
                namespace,
                uid,
                mesh.isEmpty() ? "" : "weftmesh.io/mesh: " + mesh,
                node,
                serviceAccount,
                phase,
                address));
  }

  void removePod(String uid) throws IOException {
    Files.delete(manifests().resolve("pod-" + uid + ".yaml"));
  }

  private void write(String name, String yaml) throws IOException {
    Path temporary = manifests().resolve("." + name);
    Files.writeString(temporary, yaml);
    Files.move(temporary, manifests().resolve(name + ".yaml"), StandardCopyOption.REPLACE_EXISTING);
  }

  /** The claims of a node proxy's token, valid for an hour. */
  JWTClaimsSet.Builder claims(String node) {
    Instant now = clock.instant();
    return new JWTClaimsSet.Builder()
        .issuer(JwksTokenVerifier.ISSUER)
        .audience(TokenVerifier.AUDIENCE)
        .subject("system:serviceaccount:weft-system:weft-node-proxy")
        .issueTime(Date.from(now))
        .notBeforeTime(Date.from(now))
        .expirationTime(Date.from(now.plus(Duration.ofHours(1))))
        .claim(
            "kubernetes.io",
            Map.of(
                "namespace", "weft-system",
                "node", Map.of("name", node, "uid", "uid-of-" + node),
                "pod", Map.of("name", "proxy-" + node, "uid", "proxy-" + node),
                "serviceaccount", Map.of("name", "weft-node-proxy", "uid", "uid-of-account")));
  }

  String token(String node) {
    return sign(claims(node).build());
  }

  String sign(JWTClaimsSet claims) {
    return sign(claims, tokenKey);
  }

  static String sign(JWTClaimsSet claims, ECKey key) {
    try {
      SignedJWT jwt =
          new SignedJWT(
              new JWSHeader.Builder(JWSAlgorithm.ES256).keyID(key.getKeyID()).build(), claims);
      jwt.sign(new ECDSASigner(key));
      return jwt.serialize();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Starts a ca, or starts it again on what the one before has kept. */
  Ca start(String... more) throws Exception {
    List<String> arguments = new ArrayList<>(fixedArguments());
    arguments.addAll(List.of(more));
    Holder holder = new Holder();
    new CommandLine(holder).parseArgs(arguments.toArray(String[]::new));
    return Ca.start(Settings.parse(holder.options), clock, clock::nanos);
  }

  private List<String> fixedArguments() {
    return List.of(
        "--listen=127.0.0.1:0",
        "--admin=127.0.0.1:0",
        "--trust-domain=" + TRUST_DOMAIN,
        "--root-dir=" + folder.resolve("root"),
        "--state-dir=" + folder.resolve("state"),
        "--manifests=" + manifests(),
        "--jwks=" + folder.resolve("jwks.json"),
        "--bundle-out=" + bundle(),
        "--control=" + control(),
        "--own-address=127.0.0.1",
        "--own-address=localhost");
  }

  @CommandLine.Command
  static final class Holder {
    @CommandLine.Mixin Options options;
  }
}
