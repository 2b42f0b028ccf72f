package io.weftmesh.proxy.tunnel;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.DefaultHttp2FrameReader;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * What a peer may send for a request: heads of any kind, a literal of HPACK a field (RFC 7541,
 * 6.2.2), whole or bent, in pieces of any size. Whatever it is, the server dials the pod's own
 * addresses alone, for well-formed CONNECTs alone, and has no fault. {@code
 * -Dweft.fuzz.rounds=100000000} for a long run.
 */
class ConnectFuzzTest {
  private static final int ROUNDS = Integer.getInteger("weft.fuzz.rounds", 30_000) / 30 + 1;
  private static final long SEED = Long.getLong("weft.fuzz.seed", 23);

  private static final int HEADERS = 1;
  private static final int END_STREAM = 1;
  private static final int END_HEADERS = 4;

  private static final String[] METHODS = {"CONNECT", "CONNECT", "CONNECT", "GET", "connect", ""};
  private static final String[] AUTHORITIES = {
    "10.0.0.2:8080",
    "10.0.0.2:8080",
    "[::ffff:10.0.0.2]:1",
    "10.0.0.2:15001",
    "10.0.0.2:0",
    "10.0.0.3:8080",
    "echo.shop:80",
    "[fd00::1]:80",
    "10.0.0.2",
    "",
    "\r\nx: y",
  };
  private static final List<String> OWN = List.of("10.0.0.2:8080", "[::ffff:10.0.0.2]:1");
  private static final String[] NAMES = {
    ":path",
    ":scheme",
    ":protocol",
    ":status",
    ":authority",
    ":method",
    ":x",
    "x-a",
    "X-A",
    "host",
    "connection",
    "te",
    "content-length",
    "transfer-encoding",
    "",
    "a b",
    "x\u0000y",
    "\u00e9",
  };
  private static final String[] VALUES = {
    "",
    "/",
    "https",
    "a",
    "websocket",
    "5",
    "CONNECT",
    "10.0.0.2:8080",
    "\r\n",
    "\u0000",
    "\u00e9",
    "b".repeat(200),
    "c".repeat(9000),
  };

  private record Field(String name, String value) {}

  @Test
  void dialsThePodsOwnAddressesForWellFormedConnectsAlone() {
    int dialled = 0;
    for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
      try {
        dialled += play(new SplittableRandom(seed));
      } catch (Exception | AssertionError failure) {
        throw new AssertionError("round with seed " + seed, failure);
      }
    }
    assertThat(dialled).isGreaterThanOrEqualTo(ROUNDS / 10);
  }

  /** Returns how many streams were dialled. */
  private static int play(SplittableRandom random) throws Exception {
    EmbeddedTunnel tunnel = new EmbeddedTunnel();
    tunnel.cut();
    boolean bent = random.nextInt(3) == 0;
    List<List<Field>> heads = new ArrayList<>();
    ByteBuf wire = tunnel.allocator.buffer();
    for (int id = 1; id < 2 + 2 * random.nextInt(4); id += 2) {
      List<Field> head = head(random);
      heads.add(head);
      write(wire, id, head, random.nextBoolean());
    }
    for (int changes = bent ? 1 + random.nextInt(4) : 0; changes > 0; changes--) {
      wire.setByte(random.nextInt(wire.readableBytes()), random.nextInt(256));
    }
    while (wire.isReadable()) {
      int length = Math.min(wire.readableBytes(), 1 + random.nextInt(300));
      if (tunnel.server.isActive()) {
        tunnel.server.writeInbound(wire.readBytes(length));
        tunnel.server.runPendingTasks();
      } else {
        wire.skipBytes(length);
      }
    }
    wire.release();
    tunnel.server.checkException();
    checkAnswers(tunnel);
    assertThat(metrics(tunnel)).doesNotContain("reason=\"io\"");
    assertThat(tunnel.destinations)
        .allMatch(to -> to.getAddress().equals(EmbeddedTunnel.TARGET.getAddress()))
        .noneMatch(to -> OwnPorts.contains(to.getPort()));
    if (!bent) {
      int connects = (int) heads.stream().filter(ConnectFuzzTest::isConnect).count();
      assertThat(tunnel.destinations).describedAs("%s", heads).hasSizeLessThanOrEqualTo(connects);
      if (heads.stream().allMatch(ConnectFuzzTest::isPlain)) {
        assertThat(tunnel.destinations).describedAs("%s", heads).hasSize(connects);
      }
    }
    int dialled = tunnel.destinations.size();
    tunnel.closeAndCheck();
    return dialled;
  }

  private static List<Field> head(SplittableRandom random) {
    List<Field> head = new ArrayList<>();
    if (random.nextInt(10) > 0) {
      head.add(new Field(":method", METHODS[random.nextInt(METHODS.length)]));
    }
    if (random.nextInt(10) > 0) {
      head.add(new Field(":authority", AUTHORITIES[random.nextInt(AUTHORITIES.length)]));
    }
    for (int more = Math.max(0, random.nextInt(7) - 3); more > 0; more--) {
      head.add(
          random.nextInt(head.size() + 1),
          new Field(NAMES[random.nextInt(NAMES.length)], VALUES[random.nextInt(VALUES.length)]));
    }
    return head;
  }

  /** To an address and port of the pod, in two pseudo-headers and no other (RFC 9113, 8.5). */
  private static boolean isConnect(List<Field> head) {
    List<Field> pseudo = head.stream().filter(field -> field.name.startsWith(":")).toList();
    return pseudo.size() == 2
        && pseudo.contains(new Field(":method", "CONNECT"))
        && OWN.stream().anyMatch(own -> pseudo.contains(new Field(":authority", own)));
  }

  /** Whether HTTP/2 itself has nothing to say against any of the fields. */
  private static boolean isPlain(List<Field> head) {
    return IntStream.range(0, head.size())
        .allMatch(i -> {
          Field field = head.get(i);
          return (i < 2 && field.name.equals(i == 0 ? ":method" : ":authority"))
              || (i >= 2 && field.name.equals("x-a") && field.value.matches("[!-~]{0,200}"));
        });
  }

  private static void write(ByteBuf wire, int id, List<Field> head, boolean end) {
    int start = wire.writerIndex();
    wire.writeMedium(0);
    wire.writeByte(HEADERS).writeByte(END_HEADERS | (end ? END_STREAM : 0)).writeInt(id);
    for (Field field : head) {
      wire.writeByte(0);
      writeText(wire, field.name);
      writeText(wire, field.value);
    }
    wire.setMedium(start, wire.writerIndex() - start - 9);
  }

  /** A string that is not Huffman-coded (RFC 7541, 5.1 and 5.2). */
  private static void writeText(ByteBuf wire, String text) {
    byte[] bytes = text.getBytes(ISO_8859_1);
    if (bytes.length < 127) {
      wire.writeByte(bytes.length);
    } else {
      wire.writeByte(127);
      int rest = bytes.length - 127;
      for (; rest >= 128; rest >>= 7) {
        wire.writeByte((rest & 127) | 128);
      }
      wire.writeByte(rest);
    }
    wire.writeBytes(bytes);
  }

  private static void checkAnswers(EmbeddedTunnel tunnel) throws Http2Exception {
    ByteBuf all = tunnel.allocator.buffer();
    for (ByteBuf out = tunnel.server.readOutbound(); out != null; ) {
      all.writeBytes(out);
      out.release();
      out = tunnel.server.readOutbound();
    }
    try (var reader = new DefaultHttp2FrameReader()) {
      while (all.isReadable()) {
        reader.readFrame(tunnel.client.pipeline().firstContext(), all, new Answers());
      }
    } finally {
      all.release();
    }
  }

  private static String metrics(EmbeddedTunnel tunnel) throws IOException {
    StringWriter text = new StringWriter();
    tunnel.metrics.writeText(text);
    return text.toString();
  }

  private static final class Answers extends Http2FrameAdapter {
    @Override
    public void onHeadersRead(
        ChannelHandlerContext ctx,
        int streamId,
        Http2Headers headers,
        int streamDependency,
        short weight,
        boolean exclusive,
        int padding,
        boolean endStream) {
      assertThat(headers.status().toString()).isIn("400", "405");
      assertThat(headers.get(HboneHeaders.ERROR).toString()).matches("[ -~]{1,256}");
    }
  }
}
