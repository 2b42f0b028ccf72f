package io.weftmesh.lab.system;

import io.weftmesh.ca.api.CaClient;
import io.weftmesh.ca.api.CaException;
import io.weftmesh.ca.api.CaListener;
import io.weftmesh.ca.api.CaSettings;
import io.weftmesh.ca.api.CertificateRequest;
import io.weftmesh.ca.api.ControlThread;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.api.TrustBundle;
import io.weftmesh.ca.v1.DirectoryUpdate;
import io.weftmesh.lab.Lab;
import io.weftmesh.lab.mesh.Mesh;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;

/** Calls the ca as a node proxy does, with whatever token. */
final class CaCaller implements AutoCloseable {
  private final Path bundle;
  private final Path token;
  private final Forward forward;
  private final ControlThread control = ControlThread.start("ca-caller");
  private final CaClient client;

  private CaCaller(Lab lab, Mesh mesh, Path folder) throws IOException {
    int colon = mesh.caAddress().lastIndexOf(':');
    bundle = mesh.files().trustBundle();
    token = folder.resolve("token");
    forward =
        Forward.to(
            lab.network("node-1").namespace(),
            mesh.caAddress().substring(0, colon),
            Integer.parseInt(mesh.caAddress().substring(colon + 1)));
    client =
        new CaClient(
            new CaSettings(
                "127.0.0.1", forward.port(), Mesh.TRUST_DOMAIN, bundle, token, "ca-caller"),
            control,
            new Deaf(),
            () -> 0.5);
  }

  /**
   * A caller on {@code node-1}.
   *
   * @param folder for the token
   */
  static CaCaller of(Lab lab, Mesh mesh, Path folder) throws IOException {
    return new CaCaller(lab, mesh, folder);
  }

  /** A certificate with its key. */
  record Svid(List<X509Certificate> chain, PrivateKey key) {
    Svid {
      chain = List.copyOf(chain);
    }
  }

  /** Asks for an identity, with a new key. */
  Svid sign(String bearer, SpiffeId id)
      throws CaException, IOException, GeneralSecurityException, InterruptedException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    KeyPair keys = generator.generateKeyPair();
    Files.writeString(token, bearer);
    List<X509Certificate> chain = new ArrayList<>();
    for (byte[] der : answer(client.sign(id, CertificateRequest.encode(keys)))) {
      chain.add(
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(der)));
    }
    return new Svid(chain, keys.getPrivate());
  }

  /** Asks for a pod to be taken out of the directory. */
  boolean withdraw(String bearer, String podUid)
      throws CaException, IOException, InterruptedException {
    Files.writeString(token, bearer);
    return answer(client.withdraw(podUid));
  }

  private static <T> T answer(CompletionStage<T> call) throws CaException, InterruptedException {
    try {
      return call.toCompletableFuture().get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof CaException refused) {
        throw refused;
      }
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() throws IOException {
    client.close();
    control.close();
    forward.close();
  }

  /** Signing needs no directory. */
  private static final class Deaf implements CaListener {
    @Override
    public void onBundle(TrustBundle roots) {}

    @Override
    public void onUpdate(DirectoryUpdate update) {}

    @Override
    public void onConnected() {}

    @Override
    public void onDisconnected(String reason) {}
  }
}
