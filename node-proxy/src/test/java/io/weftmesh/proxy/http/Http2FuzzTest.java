package io.weftmesh.proxy.http;

import io.netty.handler.codec.http2.Http2Error;
import io.weftmesh.policy.model.RetryPolicy;
import io.weftmesh.policy.model.Timeouts;
import io.weftmesh.proxy.tunnel.Unreachable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Clients and servers of HTTP/2 that do whatever comes to their minds, in any order, through the
 * whole pipeline, and now and then send bytes that are no frames at all. Whatever they do: servers
 * get well-formed requests only, nothing is left behind, and the proxy itself has no fault. {@code
 * -Dweft.fuzz.rounds=100000000} for a long run.
 */
class Http2FuzzTest {
  private static final int ROUNDS = Integer.getInteger("weft.fuzz.rounds", 30_000) / 100 + 1;

  private static final List<Unreachable.Reason> REASONS = List.of(Unreachable.Reason.values());
  private static final Http2Error[] ERRORS = Http2Error.values();

  private static final String[][] REQUESTS = {
    {":method", "GET", ":scheme", "http", ":path", "/"},
    {":method", "POST", ":scheme", "http", ":path", "/a?b", ":authority", "cart", "te", "trailers"},
    {":method", "PUT", ":scheme", "http", ":path", "/", "content-length", "5"},
    {":method", "POST", ":scheme", "http", ":path", "/", "expect", "100-continue"},
    {":method", "HEAD", ":scheme", "http", ":path", "/", "cookie", "a", "cookie", "b"},
    {":method", "POST", ":scheme", "http", ":path", "/", "content-type", "application/grpc"},
    {":method", "CONNECT", ":authority", "a:80"},
    {":method", "GET", ":scheme", "http", ":path", "/", "connection", "close"},
    {":method", "GET", ":path", "/"},
  };

  private static final String[][] ANSWERS = {
    {":status", "200"},
    {":status", "200", "content-length", "5"},
    {":status", "100"},
    {":status", "103", "link", "x"},
    {":status", "204"},
    {":status", "503"},
    {":status", "abc"},
    {"grpc-status", "0"},
    {":status", "200", "upgrade", "x"},
  };

  private final List<Http2Peer> clients = new ArrayList<>();
  private final List<Http2Peer> servers = new ArrayList<>();
  private final List<Http2Peer.Stream> asked = new ArrayList<>();
  private final List<Http2Peer.Stream> received = new ArrayList<>();

  @Test
  void whateverTheEndsDoServersGetWellFormedRequestsAndNothingIsLeftBehind() {
    long seed = Long.getLong("weft.fuzz.seed", 17);
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
        play(mesh, random);
      } catch (Throwable failure) {
        throw new AssertionError("round with seed " + (seed + round), failure);
      } finally {
        clients.clear();
        servers.clear();
        asked.clear();
        received.clear();
      }
    }
  }

  private void play(Mesh mesh, SplittableRandom random) {
    for (int step = 5 + random.nextInt(60); step > 0; step--) {
      clients.removeIf(client -> !client.isSpeaking());
      if (clients.isEmpty() || random.nextInt(20) == 0) {
        clients.add(mesh.http2Client());
      }
      while (!mesh.dials.opened.isEmpty()) {
        servers.add(mesh.openedHttp2());
      }
      servers.forEach(this::receive);
      switch (random.nextInt(24)) {
        case 0, 1, 2, 3, 4, 5 ->
            asked.add(pick(clients, random).request(random.nextBoolean(), pick(REQUESTS, random)));
        case 6, 7 -> say(asked, random);
        case 8, 9, 10, 11, 12 -> {
          if (!received.isEmpty()) {
            pick(received, random).headers(random.nextInt(3) == 0, pick(ANSWERS, random));
          }
        }
        case 13, 14 -> say(received, random);
        case 15 -> reset(asked, random);
        case 16 -> reset(received, random);
        case 17 -> mesh.passes(Duration.ofMillis(random.nextInt(1500)));
        case 18 -> mesh.dials.failures.add(pick(REASONS, random));
        case 19 -> end(mesh, random);
        case 20 -> garbage(random);
        case 21 -> block(mesh, random);
        case 22 -> {
          Http2Peer slow =
              pick(random.nextBoolean() || servers.isEmpty() ? clients : servers, random);
          slow.reads = !slow.reads;
        }
        default -> mesh.endpoints(random.nextInt(4));
      }
      mesh.turn();
    }
    mesh.clients.forEach(Wire::unblock);
    mesh.dials.all.forEach(Wire::unblock);
    mesh.turn();
    servers.forEach(this::receive);
  }

  private void receive(Http2Peer server) {
    while (server.hasNext()) {
      Http2Peer.Stream request = server.next();
      String head = request.got();
      if (!head.startsWith(":method=")
          || head.contains("connection=")
          || !head.contains(":path=/")) {
        throw new AssertionError("a server got: " + head);
      }
      received.add(request);
    }
  }

  private static void say(List<Http2Peer.Stream> streams, SplittableRandom random) {
    if (!streams.isEmpty()) {
      Http2Peer.Stream stream = pick(streams, random);
      switch (random.nextInt(4)) {
        case 0 -> stream.data("hello", random.nextBoolean());
        case 1 -> stream.data("x".repeat(random.nextInt(200_000)), random.nextBoolean());
        case 2 -> stream.headers(true, "x-trailer", "y");
        default -> stream.read();
      }
    }
  }

  private static void reset(List<Http2Peer.Stream> streams, SplittableRandom random) {
    if (!streams.isEmpty()) {
      pick(streams, random).reset(pick(ERRORS, random));
    }
  }

  private void end(Mesh mesh, SplittableRandom random) {
    switch (random.nextInt(5)) {
      case 0 -> pick(mesh.clients, random).close();
      case 1 -> {
        if (!mesh.dials.all.isEmpty()) {
          pick(mesh.dials.all, random).close();
        }
      }
      case 2 -> {
        if (!servers.isEmpty()) {
          pick(servers, random).goAway(random.nextInt(2));
        }
      }
      case 3 -> mesh.pod.leave();
      default -> {
        Wire ended = pick(mesh.clients, random);
        if (ended.isActive()) {
          ended.sendsEnd();
        }
      }
    }
  }

  /** A frame of any type with anything in it. */
  private void garbage(SplittableRandom random) {
    byte[] frame = new byte[9 + random.nextInt(40)];
    random.nextBytes(frame);
    frame[0] = 0;
    frame[1] = 0;
    frame[2] = (byte) (frame.length - 9);
    frame[3] = (byte) random.nextInt(11);
    frame[5] = 0;
    frame[6] = 0;
    frame[7] = 0;
    frame[8] = (byte) random.nextInt(12);
    pick(random.nextBoolean() || servers.isEmpty() ? clients : servers, random).raw(frame);
  }

  private static void block(Mesh mesh, SplittableRandom random) {
    List<Wire> wires =
        random.nextBoolean() || mesh.dials.all.isEmpty() ? mesh.clients : mesh.dials.all;
    Wire wire = pick(wires, random);
    if (random.nextBoolean()) {
      wire.block();
    } else {
      wire.unblock();
    }
  }

  private static <T> T pick(List<T> of, SplittableRandom random) {
    return of.get(random.nextInt(of.size()));
  }

  private static <T> T pick(T[] of, SplittableRandom random) {
    return of[random.nextInt(of.length)];
  }
}
