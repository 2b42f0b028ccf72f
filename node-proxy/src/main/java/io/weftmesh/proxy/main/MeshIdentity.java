package io.weftmesh.proxy.main;

import io.weftmesh.ca.api.CaClient;
import io.weftmesh.ca.api.CaSettings;
import io.weftmesh.ca.api.ControlThread;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.api.TrustBundle;
import io.weftmesh.proxy.capture.CaptureReports;
import io.weftmesh.proxy.identity.CaNews;
import io.weftmesh.proxy.identity.Identities;
import io.weftmesh.proxy.identity.IdentityMetrics;
import io.weftmesh.proxy.identity.TlsContexts;
import io.weftmesh.proxy.identity.Trust;
import io.weftmesh.proxy.identity.WorkloadDirectory;
import io.weftmesh.proxy.telemetry.Metrics;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.security.cert.CertificateException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;

/** The identity room, wired to the ca. Thread-safe. */
final class MeshIdentity implements CaptureReports, Closeable {
  private final ControlThread control = ControlThread.start("weft-control");
  private final WorkloadDirectory directory = new WorkloadDirectory(control);
  private final Identities identities;
  private final TlsContexts tls;
  private final CaClient client;
  private final CaNews news;

  MeshIdentity(Settings settings, String process, Metrics metrics) throws IOException {
    Trust trust = new Trust(firstBundle(settings), control);
    IdentityMetrics identityMetrics = new IdentityMetrics(metrics);
    identities = new Identities(this::sign, trust, control, identityMetrics, MeshIdentity::random);
    news = new CaNews(trust, directory, identities, control, metrics);
    client =
        new CaClient(
            new CaSettings(
                settings.ca().host(),
                settings.ca().port(),
                settings.trustDomain(),
                settings.trustBundle(),
                settings.token(),
                process),
            control,
            news,
            MeshIdentity::random);
    tls = new TlsContexts(identities, trust, identityMetrics);
  }

  void start() {
    client.start();
  }

  Identities identities() {
    return identities;
  }

  TlsContexts tls() {
    return tls;
  }

  WorkloadDirectory directory() {
    return directory;
  }

  /** What is missing, a line each. */
  List<String> notReady() {
    List<String> lines = new ArrayList<>();
    if (!directory.isKnown()) {
      lines.add("the ca has not told yet which pods are in the mesh");
    } else if (!news.isConnected()) {
      lines.add("the ca does not answer; what it said last stays in force");
    }
    return lines;
  }

  @Override
  public void captured(String podUid) {
    client.captured(podUid);
  }

  @Override
  public CompletionStage<Void> withdraw(String podUid) {
    return client.withdraw(podUid).thenAccept(acknowledgedByAll -> {});
  }

  @Override
  public void close() {
    client.close();
    identities.close();
    tls.close();
    control.close();
  }

  private static TrustBundle firstBundle(Settings settings) throws IOException {
    try {
      return TrustBundle.ofPem(
          settings.trustDomain(), 0, Files.readAllBytes(settings.trustBundle()));
    } catch (CertificateException wrong) {
      throw new IllegalArgumentException(
          "--trust-bundle: " + settings.trustBundle() + ": " + wrong.getMessage(), wrong);
    }
  }

  private CompletionStage<List<byte[]>> sign(SpiffeId id, byte[] request) {
    return client.sign(id, request);
  }

  private static double random() {
    return ThreadLocalRandom.current().nextDouble();
  }
}
