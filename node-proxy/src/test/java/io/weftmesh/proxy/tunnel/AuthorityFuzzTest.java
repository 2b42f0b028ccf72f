package io.weftmesh.proxy.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Authorities of any kind. The JDK's reader of addresses is the second judge, held to the forms of
 * RFC 3986, 3.2.2. {@code -Dweft.fuzz.rounds=100000000} for a long run.
 */
class AuthorityFuzzTest {
  private static final int ROUNDS = Integer.getInteger("weft.fuzz.rounds", 30_000) * 3;
  private static final long SEED = Long.getLong("weft.fuzz.seed", 19);

  private static final String OCTET = "(0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])";
  private static final String DOTTED = "(%s\\.){3}%s".formatted(OCTET, OCTET);
  private static final String GROUP = "[0-9a-fA-F]{0,4}";
  private static final Pattern FORM =
      Pattern.compile("(?<v4>%2$s)|\\[(?<v6>(%1$s:)+(%1$s|%2$s))\\]".formatted(GROUP, DOTTED));
  private static final Pattern PORT = Pattern.compile("[1-9][0-9]{0,4}");

  private static final String ALPHABET = "0123456789abcdefF:.[]%/@ \u0000\u00e9\u0665";

  private static final String[] PIECES = {
    "::",
    ":",
    ".",
    "0",
    "ffff",
    "::ffff:",
    "[",
    "]",
    "%eth0",
    "10.0.0.1",
    ":80",
    ":65535",
    "1",
    "+",
  };

  @Test
  void readsWhatTheJdkReadsAndNothingElse() throws Exception {
    int read = 0;
    for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
      String text = hostile(new SplittableRandom(seed));
      InetSocketAddress parsed;
      try {
        parsed = Authority.parse(text);
      } catch (RuntimeException failure) {
        throw new AssertionError("seed " + seed + ": " + text, failure);
      }
      // IPv6 with an IPv4 address at its end may be refused: this side never writes it.
      if (parsed != null || !text.matches("\\[.*\\..*")) {
        assertThat(parsed).describedAs("seed %d: %s", seed, text).isEqualTo(judged(text));
      }
      if (parsed != null) {
        read++;
        assertThat(Authority.parse(Authority.format(parsed)))
            .describedAs("seed %d: %s", seed, text)
            .isEqualTo(parsed);
      }
    }
    assertThat(read).isGreaterThanOrEqualTo(ROUNDS / 10);
  }

  @Test
  void nothingUnprintableGetsIntoAHeaderOrALog() {
    for (long seed = SEED; seed < SEED + ROUNDS / 3 + 1; seed++) {
      var random = new SplittableRandom(seed);
      var text = new StringBuilder();
      boolean mostlyAscii = random.nextBoolean();
      for (int length = random.nextInt(600); length > 0; length--) {
        text.append((char) random.nextInt(mostlyAscii ? 130 : 65536));
      }
      String printable = HboneHeaders.printable(text);
      assertThat(printable)
          .describedAs("seed %d: %s", seed, text)
          .hasSize(Math.min(text.length(), 256))
          .matches("[ -~]*");
      assertThat(HboneHeaders.printable(printable)).isEqualTo(printable);
    }
  }

  private static @Nullable InetSocketAddress judged(String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 0 || !PORT.matcher(text.substring(colon + 1)).matches()) {
      return null;
    }
    int port = Integer.parseInt(text.substring(colon + 1));
    Matcher form = FORM.matcher(text.substring(0, colon));
    if (port > 65535 || !form.matches()) {
      return null;
    }
    try {
      String literal = form.group("v4") != null ? form.group("v4") : form.group("v6");
      return new InetSocketAddress(InetAddress.ofLiteral(literal), port);
    } catch (IllegalArgumentException noAddress) {
      return null;
    }
  }

  private static String hostile(SplittableRandom random) throws Exception {
    var text = new StringBuilder();
    if (random.nextInt(4) == 0) {
      for (int length = random.nextInt(60); length > 0; length--) {
        text.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
      }
      return text.toString();
    }
    byte[] address = new byte[random.nextBoolean() ? 4 : 16];
    random.nextBytes(address);
    for (int zeros = random.nextInt(address.length); zeros > 0; zeros--) {
      address[random.nextInt(address.length)] = 0;
    }
    int port = 1 + random.nextInt(65535);
    text.append(Authority.format(new InetSocketAddress(InetAddress.getByAddress(address), port)));
    for (int i = random.nextInt(4); i > 0; i--) {
      int at = random.nextInt(text.length() + 1);
      switch (random.nextInt(3)) {
        case 0 -> text.insert(at, PIECES[random.nextInt(PIECES.length)]);
        case 1 -> text.insert(at, ALPHABET.charAt(random.nextInt(ALPHABET.length())));
        default -> {
          if (at < text.length()) {
            text.deleteCharAt(at);
          }
        }
      }
    }
    return text.toString();
  }
}
