package io.weftmesh.lab.app;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * The application of the test pods: one process that serves what its options name. At SIGTERM it
 * ends as a well-made server does: it takes no more connections, tells the clients of those that
 * are open to go elsewhere, and waits for them.
 */
public final class Application {
  private static final int BACKLOG = 4096;
  private static final int ECHO_BYTES = 4096;
  private static final Duration LONGEST_DRAIN = Duration.ofSeconds(10);
  private static final Duration DRAIN_CHECK = Duration.ofMillis(10);

  private static final Queue<ServerSocket> LISTENERS = new ConcurrentLinkedQueue<>();
  private static final AtomicInteger OPEN = new AtomicInteger();
  private static volatile boolean draining;

  private Application() {}

  public static void main(String... arguments) throws IOException, InterruptedException {
    Options options = Options.parse(arguments);
    HttpEcho httpEcho = new HttpEcho(options);
    if (options.http().isPresent()) {
      serve(options.http().getAsInt(), httpEcho);
    }
    if (options.grpc().isPresent()) {
      GrpcEcho.serve(options.grpc().getAsInt(), options);
    }
    if (options.echo().isPresent()) {
      serve(options.echo().getAsInt(), Application::echo);
    }
    if (options.banner().isPresent()) {
      serve(options.banner().getAsInt(), new Banner(options.name()));
    }
    if (options.transfer().isPresent()) {
      serve(options.transfer().getAsInt(), new Transfer());
    }
    if (options.discard().isPresent()) {
      serve(options.discard().getAsInt(), new Discard());
    }
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(Application::drain));
    new CountDownLatch(1).await();
  }

  /** Whether the next answer of each connection should be its last. */
  static boolean isDraining() {
    return draining;
  }

  private static void drain() {
    draining = true;
    for (ServerSocket listener : LISTENERS) {
      try {
        listener.close();
      } catch (IOException e) {
        System.err.println("close failed: " + e);
      }
    }
    long end = System.nanoTime() + LONGEST_DRAIN.toNanos();
    while (OPEN.get() > 0 && System.nanoTime() - end < 0) {
      LockSupport.parkNanos(DRAIN_CHECK.toNanos());
    }
  }

  /** What is done with one connection, on a thread of its own; it is closed afterwards. */
  @FunctionalInterface
  interface Service {
    void serve(Socket socket) throws IOException;
  }

  /** With a small buffer: tests hold thousands of connections. */
  private static void echo(Socket socket) throws IOException {
    byte[] buffer = new byte[ECHO_BYTES];
    InputStream in = socket.getInputStream();
    for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
      socket.getOutputStream().write(buffer, 0, read);
    }
  }

  private static void serve(int port, Service service) throws IOException {
    ServerSocket listener = new ServerSocket();
    listener.setReuseAddress(true);
    listener.bind(new InetSocketAddress(port), BACKLOG);
    LISTENERS.add(listener);
    Thread.ofPlatform().name("accept-" + port).start(() -> accept(listener, service));
  }

  private static void accept(ServerSocket listener, Service service) {
    while (!listener.isClosed()) {
      try {
        Socket socket = listener.accept();
        OPEN.incrementAndGet();
        Thread.startVirtualThread(() -> serveOne(socket, service));
      } catch (IOException e) {
        // Most likely out of descriptors: those that are open will end.
        if (!draining) {
          System.err.println("accept failed: " + e);
        }
      }
    }
  }

  private static void serveOne(Socket socket, Service service) {
    try (socket) {
      socket.setTcpNoDelay(true);
      service.serve(socket);
    } catch (IOException e) {
      System.err.println(socket.getRemoteSocketAddress() + ": " + e);
    } finally {
      OPEN.decrementAndGet();
    }
  }
}
