package io.weftmesh.lab.system;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.weftmesh.lab.Pod;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * Stands on a pod's port for tunnels in place of the node proxy, and shows a certificate of the
 * test's choice. Hears how a tunnel begins and says nothing.
 */
final class TunnelImpostor implements AutoCloseable {
  private static final int PORT = 15008;
  private static final char[] PASSWORD = "in memory".toCharArray();

  private final ServerSocketChannel listener;
  private final SSLContext tls;
  private final Collection<String> heard = new ConcurrentLinkedQueue<>();
  private final Collection<String> failures = new ConcurrentLinkedQueue<>();

  private TunnelImpostor(ServerSocketChannel listener, SSLContext tls) {
    this.listener = listener;
    this.tls = tls;
  }

  /** Takes the port, which nobody may hold. */
  static TunnelImpostor in(Pod pod, CaCaller.Svid svid, Path trustBundle)
      throws IOException, GeneralSecurityException {
    TunnelImpostor impostor =
        new TunnelImpostor(pod.namespace().openServerSocket(), context(svid, trustBundle));
    impostor.listener.bind(new InetSocketAddress(PORT));
    Thread.startVirtualThread(impostor::accept);
    return impostor;
  }

  /** What came through completed handshakes. */
  List<String> heard() {
    return List.copyOf(heard);
  }

  /** How the other handshakes ended. */
  List<String> failures() {
    return List.copyOf(failures);
  }

  private void accept() {
    try {
      while (true) {
        Socket accepted = listener.accept().socket();
        Thread.startVirtualThread(() -> listenTo(accepted));
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private void listenTo(Socket accepted) {
    try (SSLSocket socket = (SSLSocket) tls.getSocketFactory().createSocket(accepted, null, true)) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setProtocols(new String[] {"TLSv1.3"});
      parameters.setApplicationProtocols(new String[] {"h2"});
      parameters.setNeedClientAuth(true);
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      // The first line of HTTP/2, up to its version.
      byte[] begin = socket.getInputStream().readNBytes("PRI * HTTP/2.0".length());
      heard.add(new String(begin, ISO_8859_1));
    } catch (IOException e) {
      failures.add(e.toString());
    }
  }

  private static SSLContext context(CaCaller.Svid svid, Path trustBundle)
      throws IOException, GeneralSecurityException {
    KeyStore own = KeyStore.getInstance("PKCS12");
    own.load(null, null);
    own.setKeyEntry("svid", svid.key(), PASSWORD, svid.chain().toArray(new Certificate[0]));
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(own, PASSWORD);

    KeyStore roots = KeyStore.getInstance("PKCS12");
    roots.load(null, null);
    try (var pem = Files.newInputStream(trustBundle)) {
      for (Certificate root : CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
        roots.setCertificateEntry("root-" + roots.size(), root);
      }
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(roots);

    SSLContext context = SSLContext.getInstance("TLSv1.3");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
