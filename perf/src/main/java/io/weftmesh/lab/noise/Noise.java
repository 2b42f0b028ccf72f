package io.weftmesh.lab.noise;

import static io.weftmesh.lab.host.Template.fill;
import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * The noisy pod's program: bulk on a few connections, connections that are opened for one small
 * request, and requests with heads just below and beyond what a proxy takes. It prints {@link
 * NoiseCount}s until it is killed.
 *
 * <p>Connections end with a reset: kept for a minute after an orderly end, thousands a second would
 * soon take up all ports of one client.
 */
public final class Noise {
  private static final int CHUNK_BYTES = 256 * 1024;

  /** Below and beyond the 60 KiB that are allowed. */
  private static final int LARGE_HEAD_BYTES = 56 * 1024;

  private static final int TOO_LARGE_HEAD_BYTES = 64 * 1024;
  private static final int FIELD_BYTES = 1024;
  private static final int MOST_AT_ONCE = 512;
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final Duration COUNT_INTERVAL = Duration.ofMillis(200);

  /** A pace that has fallen behind more than that goes on from now. */
  private static final long LONGEST_LAG_NANOS = Duration.ofMillis(100).toNanos();

  private final InetSocketAddress target;
  private final Semaphore slots = new Semaphore(MOST_AT_ONCE);
  private final LongAdder bytes = new LongAdder();
  private final LongAdder connections = new LongAdder();
  private final LongAdder heads = new LongAdder();
  private final LongAdder refused = new LongAdder();
  private final LongAdder failures = new LongAdder();
  private final Set<String> told = ConcurrentHashMap.newKeySet();

  private Noise(InetSocketAddress target) {
    this.target = target;
  }

  /**
   * How loud it is.
   *
   * @param port of all of it: one that discards, for bulk, or one of HTTP
   * @param bulk how many connections carry bulk, each as fast as it can
   * @param connections how many are opened in a second
   * @param heads how many large ones are sent in a second, every other of them too large
   */
  public record Level(int port, int bulk, int connections, int heads) {
    /** The arguments of a program that is to be that loud. */
    public String[] arguments(String address) {
      return Stream.concat(
              Stream.of(address),
              Stream.of(port, bulk, connections, heads).map(number -> Integer.toString(number)))
          .toArray(String[]::new);
    }

    static Level parse(String... arguments) {
      return new Level(
          Integer.parseInt(arguments[1]),
          Integer.parseInt(arguments[2]),
          Integer.parseInt(arguments[3]),
          Integer.parseInt(arguments[4]));
    }
  }

  public static void main(String... arguments) {
    Level level = Level.parse(arguments);
    InetAddress address = InetAddress.ofLiteral(arguments[0]);
    new Noise(new InetSocketAddress(address, level.port())).make(level);
  }

  private void make(Level level) {
    for (int i = 0; i < level.bulk(); i++) {
      Thread.ofPlatform().name("bulk").start(this::sendBulk);
    }
    String small = head("/", 0);
    String large = head("/large", LARGE_HEAD_BYTES);
    String tooLarge = head("/too-large", TOO_LARGE_HEAD_BYTES);
    pace(level.connections(), turn -> ask(small, connections, failures));
    pace(
        level.heads(),
        turn -> {
          if (turn % 2 == 0) {
            ask(large, heads, failures);
          } else {
            ask(tooLarge, heads, refused);
          }
        });
    while (true) {
      LockSupport.parkNanos(COUNT_INTERVAL.toNanos());
      System.out.println(count().line());
    }
  }

  private NoiseCount count() {
    return new NoiseCount(
        System.nanoTime(),
        bytes.sum(),
        connections.sum(),
        heads.sum(),
        refused.sum(),
        failures.sum());
  }

  private void sendBulk() {
    byte[] chunk = new byte[CHUNK_BYTES];
    while (true) {
      try (Socket socket = new Socket()) {
        socket.connect(target, (int) TIMEOUT.toMillis());
        OutputStream out = socket.getOutputStream();
        while (true) {
          out.write(chunk);
          bytes.add(chunk.length);
        }
      } catch (IOException e) {
        failures.increment();
        tell("bulk: " + e);
        LockSupport.parkNanos(TIMEOUT.toNanos());
      }
    }
  }

  private interface Turn {
    void take(long number);
  }

  /**
   * Has a turn taken so many times a second, on a thread of its own each, however long it takes.
   */
  private void pace(int perSecond, Turn turn) {
    if (perSecond > 0) {
      Thread.ofPlatform().name("pace").start(() -> paceForever(1_000_000_000L / perSecond, turn));
    }
  }

  private void paceForever(long intervalNanos, Turn turn) {
    long due = System.nanoTime();
    for (long i = 0; ; i++) {
      due = Math.max(due + intervalNanos, System.nanoTime() - LONGEST_LAG_NANOS);
      for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
      slots.acquireUninterruptibly();
      long number = i;
      Thread.startVirtualThread(() -> {
        turn.take(number);
        slots.release();
      });
    }
  }

  private void ask(String request, LongAdder good, LongAdder bad) {
    try (Socket socket = new Socket()) {
      socket.setTcpNoDelay(true);
      socket.setSoLinger(true, 0);
      socket.connect(target, (int) TIMEOUT.toMillis());
      socket.setSoTimeout((int) TIMEOUT.toMillis());
      socket.getOutputStream().write(request.getBytes(US_ASCII));
      String start = new String(socket.getInputStream().readNBytes(12), US_ASCII);
      if (start.equals("HTTP/1.1 200")) {
        good.increment();
      } else {
        bad.increment();
        tell(start);
      }
    } catch (IOException e) {
      failures.increment();
      tell(e.toString());
    }
  }

  /** Prints what went wrong when it does so for the first time. */
  private void tell(String wrong) {
    if (told.add(wrong)) {
      System.out.println(wrong);
    }
  }

  /** A request without a body whose head has so many bytes at least. */
  private static String head(String path, int atLeast) {
    StringBuilder head = new StringBuilder(fill("GET %s HTTP/1.1\r\nHost: noisy\r\n", path));
    for (int i = 0; head.length() < atLeast; i++) {
      String name = fill("x-noise-%d: ", i);
      head.append(name).append("n".repeat(FIELD_BYTES - name.length() - 2)).append("\r\n");
    }
    return head.append("\r\n").toString();
  }
}
