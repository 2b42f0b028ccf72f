package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.Http2Error;
import io.weftmesh.policy.model.RetryPolicy;
import io.weftmesh.policy.model.Timeouts;
import io.weftmesh.policy.model.TrafficLimits;
import io.weftmesh.proxy.tunnel.Unreachable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/**
 * Requests that end in the middle: reset, cancelled, answered too early, aborted or sent again at
 * every step of their way, one after the other on connections that live on. When the last is over,
 * with the clients still connected, no buffer and no request is in hand, and when they are gone, no
 * upstream connection either. Half of them with so few connections to the Service that requests
 * wait for each other. 10,000 requests of each protocol; {@code -Dweft.fuzz.rounds=300000} for
 * 100,000.
 */
class ChurnFuzzTest {
  private static final int REQUESTS = Integer.getInteger("weft.fuzz.rounds", 30_000) / 3;
  private static final long SEED = Long.getLong("weft.fuzz.seed", 23);
  private static final int REQUESTS_PER_MESH = 40;

  /** A request has so many steps, and may end before each of them, or not at all. */
  private static final int STEPS = 6;

  private static final RetryPolicy RETRIES =
      new RetryPolicy(
          2, Set.of(503), true, RetryPolicy.Backoff.DEFAULT, new RetryPolicy.Budget(100, 100));

  @Test
  void requestsOfHttp1ThatEndAnywhereLeaveNothingBehind() {
    churn(mesh -> new Http1Churn(mesh)::request);
  }

  @Test
  void requestsOfHttp2ThatEndAnywhereLeaveNothingBehind() {
    churn(mesh -> new Http2Churn(mesh)::request);
  }

  private interface Churn {
    Consumer<SplittableRandom> on(Mesh mesh);
  }

  private static void churn(Churn churn) {
    for (int done = 0; done < REQUESTS; done += REQUESTS_PER_MESH) {
      var random = new SplittableRandom(SEED + done);
      try (var mesh = new Mesh()) {
        mesh.endpoints(3);
        mesh.policy(RETRIES, new Timeouts(Duration.ofSeconds(20), Duration.ZERO));
        if (random.nextBoolean()) {
          mesh.settings(Mesh.connections(1 + random.nextInt(2), TrafficLimits.UNLIMITED));
        }
        Consumer<SplittableRandom> request = churn.on(mesh);
        for (int i = 0; i < REQUESTS_PER_MESH; i++) {
          if (random.nextInt(20) == 0) {
            mesh.dials.failures.add(Unreachable.Reason.REFUSED);
          }
          request.accept(random);
        }
        backAtTheStart(mesh);
      } catch (Throwable failure) {
        throw new AssertionError("requests with seed " + (SEED + done), failure);
      }
    }
  }

  private static void backAtTheStart(Mesh mesh) {
    mesh.passes(Duration.ofMinutes(2));
    mesh.dials.all.forEach(Wire::got);
    mesh.clients.forEach(Wire::got);
    assertThat(mesh.clients.getLast().isActive()).describedAs("a client is connected").isTrue();
    assertThat(mesh.balancer().loads(mesh.endpointSet()))
        .allSatisfy(load -> assertThat(load.inHand()).describedAs("requests in hand").isZero());
    assertThat(mesh.allocator.metric().usedHeapMemory()).describedAs("bytes in buffers").isZero();
  }

  /** Requests of HTTP/1 on one connection, and on the next when that has ended. */
  private static final class Http1Churn {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";

    private final Mesh mesh;
    private Wire client;

    Http1Churn(Mesh mesh) {
      this.mesh = mesh;
      this.client = mesh.client();
    }

    void request(SplittableRandom random) {
      int end = random.nextInt(STEPS + 1);
      String method = random.nextBoolean() ? "PUT" : "POST";
      for (int step = 0; step < STEPS && client.isActive(); step++) {
        if (step == end) {
          end(random);
          break;
        }
        switch (step) {
          case 0 -> send(client, method + " /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
          case 1, 3 -> send(client, "hello");
          case 2 -> send(server(), OK);
          default -> send(server(), "ok");
        }
        mesh.turn();
      }
      // What was sent again is answered now, and what is not over by then is left.
      mesh.passes(Duration.ofSeconds(1));
      if (end == STEPS) {
        client.got();
      } else {
        send(server(), OK + "okay");
        mesh.turn();
        client.close();
        mesh.turn();
      }
      if (!client.isActive()) {
        client = mesh.client();
      }
    }

    private void end(SplittableRandom random) {
      switch (random.nextInt(9)) {
        case 0 -> client.close();
        case 1 -> client.sendsEnd();
        case 2 -> send(client, "\r\n\r\ngarbage");
        case 3 -> server().close();
        case 4 -> {
          if (server().isActive() && !server().isInputShutdown()) {
            server().sendsEnd();
          }
        }
        case 5 -> send(server(), "HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n");
        case 6 -> send(server(), "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy");
        case 7 -> send(server(), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
        default -> send(server(), "garbage\r\n\r\n");
      }
      mesh.turn();
    }

    /** The one that was used last, or the client if there is none. */
    private Wire server() {
      for (Wire server : mesh.dials.all.reversed()) {
        if (server.isActive() && !server.got().isEmpty()) {
          return server;
        }
      }
      return mesh.dials.all.isEmpty() ? mesh.client() : mesh.dials.all.getLast();
    }

    private static void send(Wire wire, String text) {
      if (wire.isActive() && !wire.isInputShutdown()) {
        wire.sends(text);
      }
    }
  }

  /** Streams of one HTTP/2 connection, and of the next when that has ended. */
  private static final class Http2Churn {
    private final Mesh mesh;
    private final List<Http2Peer> servers = new ArrayList<>();
    private final List<Http2Peer.Stream> received = new ArrayList<>();
    private Http2Peer client;

    Http2Churn(Mesh mesh) {
      this.mesh = mesh;
      this.client = mesh.http2Client();
    }

    void request(SplittableRandom random) {
      int end = random.nextInt(STEPS + 1);
      received.clear();
      Http2Peer.Stream asked = client.post("/a");
      for (int step = 0; step < STEPS; step++) {
        receive();
        if (step == end) {
          end(asked, random);
          break;
        }
        switch (step) {
          case 0 -> asked.data("hello", false);
          case 1 -> each(request -> request.headers(false, ":status", "103"));
          case 2 -> each(request -> request.headers(false, ":status", "200"));
          case 3 -> each(request -> request.data("ok", false));
          case 4 -> asked.data("hello", true);
          default -> each(request -> request.headers(true, "grpc-status", "0"));
        }
      }
      // What was sent again is answered now, and what is not over by then is left.
      mesh.passes(Duration.ofSeconds(1));
      receive();
      received.subList(0, Math.max(0, received.size() - 1)).clear();
      each(request -> request.headers(true, ":status", "200"));
      asked.reset(Http2Error.CANCEL);
      each(request -> request.reset(Http2Error.CANCEL));
      mesh.turn();
      if (!client.isOpen() || !client.isSpeaking()) {
        mesh.clients.getLast().close();
        client = mesh.http2Client();
      }
    }

    private void end(Http2Peer.Stream asked, SplittableRandom random) {
      switch (random.nextInt(10)) {
        case 0 -> asked.reset(Http2Error.CANCEL);
        case 1 -> asked.headers(true, "connection", "close");
        case 2 -> mesh.clients.getLast().close();
        case 3 -> each(request -> request.reset(Http2Error.INTERNAL_ERROR));
        case 4 -> each(request -> request.reset(Http2Error.REFUSED_STREAM));
        case 5 -> each(request -> request.reset(Http2Error.NO_ERROR));
        case 6 -> each(request -> request.headers(true, ":status", "503"));
        case 7 -> each(request -> request.headers(false, ":status", "413").data("no", true));
        case 8 -> servers.forEach(server -> server.goAway(random.nextInt(2)));
        default -> {
          if (!mesh.dials.all.isEmpty()) {
            mesh.dials.all.getLast().close();
          }
        }
      }
      mesh.turn();
    }

    private void receive() {
      mesh.turn();
      while (!mesh.dials.opened.isEmpty()) {
        servers.add(mesh.openedHttp2());
      }
      for (Http2Peer server : servers) {
        while (server.hasNext()) {
          received.add(server.next());
        }
      }
    }

    private void each(Consumer<Http2Peer.Stream> action) {
      received.forEach(action);
    }
  }
}
