package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.weftmesh.policy.model.RetryPolicy;
import io.weftmesh.policy.model.Timeouts;
import io.weftmesh.policy.model.TrafficLimits;
import io.weftmesh.proxy.http.codec.BodyReader;
import io.weftmesh.proxy.http.codec.Framing;
import io.weftmesh.proxy.http.codec.Head;
import io.weftmesh.proxy.http.codec.HeadReader;
import io.weftmesh.proxy.http.codec.MalformedException;
import io.weftmesh.proxy.tunnel.Unreachable;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Clients and servers that do whatever comes to their minds, in any order, through the whole
 * pipeline. Whatever they do: servers get well-formed requests only, nothing is left behind, and
 * the proxy itself has no fault. {@code -Dweft.fuzz.rounds=100000000} for a long run.
 */
@SuppressWarnings("StringConcatToTextBlock") // lines on the wire end in CR LF
class PipelineFuzzTest {
  private static final int ROUNDS = Integer.getInteger("weft.fuzz.rounds", 30_000) / 100 + 1;

  private static final List<Unreachable.Reason> REASONS = List.of(Unreachable.Reason.values());

  private static final String[] REQUESTS = {
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /long HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "PUT / HTTP/1.1\r\n"
        + "Host: a\r\n"
        + "Transfer-Encoding: chunked\r\n\r\n"
        + "5\r\n"
        + "hello\r\n"
        + "0\r\n"
        + "X: y\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
    "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n" + "x".repeat(3000),
    "GARBAGE\r\n\r\n",
  };

  private static final String[] ANSWERS = {
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 103 Hints\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\nuntil close",
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
    "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + "y".repeat(5000),
    "garbage\r\n",
  };

  @Test
  void whateverTheEndsDoServersGetWellFormedRequestsAndNothingIsLeftBehind() {
    long seed = Long.getLong("weft.fuzz.seed", 11);
    for (int round = 0; round < ROUNDS; round++) {
      var random = new SplittableRandom(seed + round);
      try (Mesh mesh = new Mesh()) {
        mesh.endpoints(1 + random.nextInt(3));
        mesh.policy(
            new RetryPolicy(
                random.nextInt(3),
                Set.of(503, 504),
                random.nextBoolean(),
                RetryPolicy.Backoff.DEFAULT,
                new RetryPolicy.Budget(5, 50)),
            new Timeouts(
                random.nextBoolean() ? Duration.ZERO : Duration.ofMillis(700),
                random.nextBoolean() ? Duration.ZERO : Duration.ofMillis(400)));
        if (random.nextBoolean()) {
          mesh.settings(
              Mesh.connections(
                  1 + random.nextInt(3),
                  random.nextBoolean() ? 1 + random.nextInt(3) : TrafficLimits.UNLIMITED));
        }
        play(mesh, random);
      } catch (Throwable failure) {
        throw new AssertionError("round with seed " + (seed + round), failure);
      }
    }
  }

  private static void play(Mesh mesh, SplittableRandom random) {
    Map<Wire, StringBuilder> seen = new HashMap<>();
    for (int step = 5 + random.nextInt(40); step > 0; step--) {
      if (mesh.clients.isEmpty() || random.nextInt(12) == 0) {
        mesh.client();
      }
      Wire client = mesh.clients.get(random.nextInt(mesh.clients.size()));
      List<Wire> servers = mesh.dials.all;
      Wire server = servers.isEmpty() ? null : servers.get(random.nextInt(servers.size()));
      switch (random.nextInt(16)) {
        case 0, 1, 2, 3 -> send(client, REQUESTS[random.nextInt(REQUESTS.length)], random);
        case 4, 5, 6, 7, 8 -> {
          if (server != null) {
            send(server, ANSWERS[random.nextInt(ANSWERS.length)], random);
          }
        }
        case 9 -> mesh.passes(Duration.ofMillis(random.nextInt(1500)));
        case 10 -> end(random.nextBoolean() ? client : server);
        case 11 -> close(random.nextInt(3) == 0 ? client : server);
        case 12 -> mesh.dials.failures.add(REASONS.get(random.nextInt(REASONS.size())));
        case 13 -> (server == null || random.nextBoolean() ? client : server).block();
        case 14 -> (server == null || random.nextBoolean() ? client : server).unblock();
        default -> mesh.endpoints(random.nextInt(4));
      }
      collect(mesh, seen);
    }
    mesh.clients.forEach(Wire::unblock);
    mesh.dials.all.forEach(Wire::unblock);
    collect(mesh, seen);
    seen.forEach((server, bytes) -> wellFormed(bytes.toString()));
  }

  private static void collect(Mesh mesh, Map<Wire, StringBuilder> seen) {
    mesh.turn();
    for (Wire server : mesh.dials.all) {
      seen.computeIfAbsent(server, s -> new StringBuilder()).append(server.got());
    }
    mesh.clients.forEach(Wire::got);
  }

  private static void send(Wire wire, String text, SplittableRandom random) {
    int bend = random.nextInt(10);
    if (bend == 0) {
      var bent = new StringBuilder(text);
      bent.setCharAt(random.nextInt(text.length()), (char) random.nextInt(256));
      text = bent.toString();
    } else if (bend == 1) {
      text = text.substring(0, random.nextInt(text.length()));
    }
    int pieces = 1 + random.nextInt(4);
    for (int i = 0; i < pieces && wire.isActive() && !wire.isInputShutdown(); i++) {
      int from = text.length() * i / pieces;
      int to = text.length() * (i + 1) / pieces;
      if (to > from) {
        wire.sends(text.substring(from, to));
      }
    }
  }

  private static void end(@Nullable Wire wire) {
    if (wire != null && wire.isActive() && !wire.isInputShutdown()) {
      wire.sendsEnd();
    }
  }

  private static void close(@Nullable Wire wire) {
    if (wire != null) {
      wire.close();
    }
  }

  /** All that a server got is requests; the last may be incomplete. */
  static void wellFormed(String bytes) {
    ByteBuf in = Unpooled.copiedBuffer(bytes, StandardCharsets.ISO_8859_1);
    var reader = HeadReader.ofRequests(100_000);
    var body = new BodyReader(100_000);
    var sink =
        new BodyReader.Sink() {
          @Override
          public void data(ByteBuf data) {
            data.release();
          }

          @Override
          public void end(@Nullable Head trailers) {}
        };
    try {
      while (in.isReadable()) {
        var head = new Head();
        if (!reader.read(in, head)) {
          break;
        }
        if (head.target().equals("/chat")) {
          break; // what follows may be another protocol
        }
        body.begin(Framing.ofRequest(head));
        if (!body.read(in, sink)) {
          break;
        }
      }
    } catch (MalformedException e) {
      throw new AssertionError("a server got: " + bytes, e);
    } finally {
      in.release();
    }
    assertThat(in.refCnt()).isZero();
  }
}
