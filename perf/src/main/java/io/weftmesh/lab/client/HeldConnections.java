package io.weftmesh.lab.client;

import io.weftmesh.lab.host.NetworkNamespace;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;

/** Many open connections to one echo server. */
public final class HeldConnections implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(20);
  private static final int AT_ONCE = 100;

  private final Collection<Socket> sockets = new ConcurrentLinkedQueue<>();
  private final Collection<String> failures = new ConcurrentLinkedQueue<>();

  private HeldConnections() {}

  /** Opens {@code count} connections, and sends a byte there and back on each. */
  public static HeldConnections open(NetworkNamespace from, String address, int port, int count) {
    HeldConnections held = new HeldConnections();
    Semaphore slots = new Semaphore(AT_ONCE);
    try (ExecutorService each = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < count; i++) {
        slots.acquireUninterruptibly();
        each.execute(() -> {
          try {
            Socket socket = PodSocket.connect(from, address, port, TIMEOUT);
            held.sockets.add(socket);
            held.exchange(socket);
          } catch (IOException e) {
            held.failures.add("open: " + e);
          } finally {
            slots.release();
          }
        });
      }
    }
    return held;
  }

  /** Sends a byte there and back on every connection. */
  public void exchangeOnAll() {
    try (ExecutorService each = Executors.newVirtualThreadPerTaskExecutor()) {
      sockets.forEach(socket -> each.execute(() -> exchange(socket)));
    }
  }

  public int count() {
    return sockets.size();
  }

  /** What went wrong, on any connection, at any time. */
  public List<String> failures() {
    return List.copyOf(failures);
  }

  private void exchange(Socket socket) {
    try {
      socket.getOutputStream().write('w');
      int back = socket.getInputStream().read();
      if (back != 'w') {
        failures.add("exchange: got " + back);
      }
    } catch (IOException e) {
      failures.add("exchange: " + e);
    }
  }

  @Override
  public void close() throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
