package io.weftmesh.proxy.tcp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * First bytes of any kind. Regular expressions are the second judge: they too can tell what
 * matches, what never will, and what more bytes could still make match. {@code
 * -Dweft.fuzz.rounds=100000000} for a long run.
 */
class ProtocolMatcherFuzzTest {
  private static final int ROUNDS = Integer.getInteger("weft.fuzz.rounds", 30_000);
  private static final long SEED = Long.getLong("weft.fuzz.seed", 17);

  private static final Map<Protocol, Pattern> JUDGE =
      Map.of(
          Protocol.HTTP1,
          Pattern.compile(
              "[!#$%&'*+.^_`|~0-9A-Za-z-]+ [\\x21-\\x7e\\x80-\\xff]+ HTTP/1\\.[0-9][\\r\\n]"),
          Protocol.HTTP2,
          Pattern.compile(Pattern.quote("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")),
          Protocol.TLS,
          Pattern.compile(
              "\\x16\\x03[\\x00-\\x04](?!\\x00\\x00)([\\x00-\\x3f][\\x00-\\xff]|@\\x00)\\x01"));

  private static final String[] SEEDS = {
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "\u0016\u0003\u0001\u0002\u0000\u0001",
    "\u0016\u0003\u0003@\u0000\u0001",
    "GET /a HTTP/1.1\r\n",
    "OPTIONS * HTTP/1.0\n",
    "M-SEARCH http://x/?q=\u00e9 HTTP/1.1\r\n",
    "*1\r\n$4\r\nPING\r\n",
    "",
  };

  private static final String[] PIECES = {
    " ",
    "\r\n",
    "\n",
    "\u0000",
    "HTTP/1.",
    "HTTP/2.0",
    "\u0016",
    "\u0001",
    "PRI",
    "/",
    "a",
    "\u007f",
  };

  @Test
  void decidesAtTheByteThatSettlesItAndWaitsForNoOther() {
    Map<Protocol, Integer> decided = new EnumMap<>(Protocol.class);
    for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
      String text = hostile(new SplittableRandom(seed));
      var matcher = new ProtocolMatcher();
      for (int fed = 1; fed <= text.length(); fed++) {
        matcher.feed((byte) text.charAt(fed - 1));
        assertThat(matcher.answer())
            .describedAs("seed %d: first %d of %s", seed, fed, text)
            .isEqualTo(judged(text.substring(0, fed)));
      }
      if (matcher.answer() != null) {
        decided.merge(matcher.answer(), 1, Integer::sum);
      }
    }
    // Bytes that are never anything would test little.
    assertThat(Protocol.values())
        .allMatch(protocol -> decided.getOrDefault(protocol, 0) >= ROUNDS / 100);
  }

  @Test
  void howTheBytesAreSplitChangesNothing() {
    for (long seed = SEED; seed < SEED + ROUNDS / 3 + 1; seed++) {
      var random = new SplittableRandom(seed);
      String text = hostile(random);
      Seen seen = new Seen();
      var channel = new EmbeddedChannel(new Detector(seen, false));
      channel.freezeTime();
      for (int from = 0; from < text.length(); ) {
        int to = from + 1 + random.nextInt(text.length() - from);
        channel.writeInbound(Unpooled.copiedBuffer(text.substring(from, to), ISO_8859_1));
        from = to;
      }
      Protocol judged = judged(text);
      assertThat(seen.protocols)
          .describedAs("seed %d: %s", seed, text)
          .isEqualTo(judged == null ? List.of() : List.of(judged));
      if (judged != null) {
        channel.read();
        assertThat(passedOn(channel)).describedAs("seed %d", seed).isEqualTo(text);
      }
      channel.finishAndReleaseAll();
    }
  }

  @Test
  void neverWaitsForMoreThanItsBound() {
    for (long seed = SEED; seed < SEED + ROUNDS / 1000 + 1; seed++) {
      var random = new SplittableRandom(seed);
      var matcher = new ProtocolMatcher();
      int spaceAt = random.nextInt(ProtocolMatcher.MAX_REQUEST_LINE_BYTES * 2);
      int fed = 0;
      while (matcher.answer() == null && fed <= ProtocolMatcher.MAX_REQUEST_LINE_BYTES) {
        matcher.feed((byte) (fed == spaceAt ? ' ' : 'a' + random.nextInt(26)));
        fed++;
      }
      assertThat(matcher.answer())
          .describedAs("seed %d, after %d bytes", seed, fed)
          .isEqualTo(Protocol.OPAQUE);
    }
  }

  @SuppressWarnings("JdkObsolete") // hitEnd: whether more bytes could make it match is the question
  private static @Nullable Protocol judged(String text) {
    boolean open = text.isEmpty();
    for (Map.Entry<Protocol, Pattern> candidate : JUDGE.entrySet()) {
      Matcher matcher = candidate.getValue().matcher(text);
      if (matcher.lookingAt()) {
        return candidate.getKey();
      }
      open |= matcher.hitEnd();
    }
    return open ? null : Protocol.OPAQUE;
  }

  private static String hostile(SplittableRandom random) {
    var text = new StringBuilder(SEEDS[random.nextInt(SEEDS.length)]);
    for (int i = random.nextInt(4); i > 0; i--) {
      int at = random.nextInt(text.length() + 1);
      switch (random.nextInt(4)) {
        case 0 -> text.insert(at, (char) random.nextInt(256));
        case 1 -> text.insert(at, PIECES[random.nextInt(PIECES.length)]);
        case 2 -> text.setLength(at);
        default -> {
          if (at < text.length()) {
            text.setCharAt(at, (char) random.nextInt(256));
          }
        }
      }
    }
    return text.toString();
  }

  private static String passedOn(EmbeddedChannel channel) {
    var text = new StringBuilder();
    for (ByteBuf bytes = channel.readInbound(); bytes != null; bytes = channel.readInbound()) {
      text.append(bytes.toString(ISO_8859_1));
      bytes.release();
    }
    return text.toString();
  }

  private static final class Seen implements Detector.Listener {
    private final List<Protocol> protocols = new ArrayList<>();

    @Override
    public void detected(Protocol protocol) {
      protocols.add(protocol);
    }

    @Override
    public void silent() {
      throw new AssertionError("nobody waits for the server");
    }

    @Override
    public void gone(@Nullable Throwable cause) {
      // At the end of each round.
    }
  }
}
