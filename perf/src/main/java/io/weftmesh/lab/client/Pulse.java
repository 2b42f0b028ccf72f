package io.weftmesh.lab.client;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.host.NetworkNamespace;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** One long connection to an echo server, with a byte there and back every 100 ms. */
public final class Pulse implements AutoCloseable {
  private static final Duration INTERVAL = Duration.ofMillis(100);
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private final Socket socket;
  private final Thread thread;
  private final AtomicBoolean stopping = new AtomicBoolean();
  private final AtomicLong beats = new AtomicLong();
  private volatile Optional<String> failure = Optional.empty();

  private Pulse(Socket socket) {
    this.socket = socket;
    this.thread = Thread.ofVirtual().unstarted(this::beat);
  }

  public static Pulse start(NetworkNamespace from, String address, int port) throws IOException {
    Pulse pulse = new Pulse(PodSocket.connect(from, address, port, TIMEOUT));
    pulse.thread.start();
    return pulse;
  }

  /** How many bytes have come back. */
  public long beats() {
    return beats.get();
  }

  /** Why the connection is dead, if it is. */
  public Optional<String> failure() {
    return failure;
  }

  private void beat() {
    try {
      while (!stopping.get()) {
        int sent = (int) (beats.get() & 0x7f);
        socket.getOutputStream().write(sent);
        int received = socket.getInputStream().read();
        if (received != sent) {
          throw new IOException(fill("sent %d, got %d back", sent, received));
        }
        beats.incrementAndGet();
        LockSupport.parkNanos(INTERVAL.toNanos());
      }
    } catch (IOException e) {
      failure = Optional.of("after " + beats + " beats: " + e);
    }
  }

  @Override
  public void close() throws IOException {
    stopping.set(true);
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    socket.close();
  }
}
