package io.weftmesh.redirector.lease.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.weftmesh.redirector.lease.CaptureState;
import io.weftmesh.redirector.lease.Cidr;
import io.weftmesh.redirector.lease.Counters;
import io.weftmesh.redirector.lease.Exclusions;
import io.weftmesh.redirector.lease.Family;
import io.weftmesh.redirector.lease.PodRef;
import io.weftmesh.redirector.lease.Reason;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Frames of any kind, from either side. Whatever the bytes: a frame that reads back the same, or
 * the one declared refusal. {@code -Dweft.fuzz.rounds=100000000} for a long run.
 */
class CodecFuzzTest {
  private static final int ROUNDS = Integer.getInteger("weft.fuzz.rounds", 30_000);
  private static final long SEED = Long.getLong("weft.fuzz.seed", 77);

  private static final String UID_CHARACTERS = "0123456789abcdefZ-_";
  private static final String[] TEXTS = {"", "15001 wird gehört", "a\nb", "\u0000", "\ud83d\ude00"};

  @Test
  void anyMessageReadsBackAsItWasWritten() throws MalformedFrameException {
    for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
      var random = new SplittableRandom(seed);
      Frame frame = new Frame(random.nextInt(), message(random));
      byte[] bytes = Codec.encode(frame.sequence(), frame.message());

      assertThat(bytes)
          .describedAs("seed %d: %s", seed, frame)
          .hasSizeLessThanOrEqualTo(Codec.MAX_FRAME_BYTES);
      assertThat(Codec.decode(bytes)).describedAs("seed %d", seed).isEqualTo(frame);

      byte[] cut = Arrays.copyOf(bytes, random.nextInt(bytes.length));
      assertThat(catchThrowableOfType(MalformedFrameException.class, () -> Codec.decode(cut)))
          .describedAs("seed %d: %d bytes of %s", seed, cut.length, frame)
          .isNotNull();
    }
  }

  @Test
  void anyBytesAreAFrameOrRefused() {
    int read = 0;
    for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
      byte[] bytes = hostile(new SplittableRandom(seed));
      try {
        read += isFrame(bytes) ? 1 : 0;
      } catch (RuntimeException | Error failure) {
        throw new AssertionError("seed " + seed + ": " + HexFormat.of().formatHex(bytes), failure);
      }
    }
    assertThat(read).isGreaterThanOrEqualTo(ROUNDS / 10);
  }

  private static boolean isFrame(byte[] bytes) {
    Frame frame;
    try {
      frame = Codec.decode(bytes);
    } catch (MalformedFrameException refused) {
      assertThat(refused).hasMessageNotContaining("null");
      assertThat(refused.sequence())
          .isEqualTo(bytes.length < 6 ? 0 : ByteBuffer.wrap(bytes).getInt(2));
      assertThat(refused.isWrongVersion()).isEqualTo(bytes.length >= 6 && bytes[0] != 1);
      return false;
    }
    // Not always the same bytes: blocks are masked, and ::ffff:10.0.0.1 is 10.0.0.1.
    byte[] again = Codec.encode(frame.sequence(), frame.message());
    assertThat(again).hasSizeLessThanOrEqualTo(bytes.length);
    assertThat(catchDecode(again)).isEqualTo(frame);
    return true;
  }

  private static Frame catchDecode(byte[] bytes) {
    try {
      return Codec.decode(bytes);
    } catch (MalformedFrameException e) {
      throw new AssertionError("what was read is refused when written", e);
    }
  }

  private static byte[] hostile(SplittableRandom random) {
    byte[] bytes;
    if (random.nextInt(4) == 0) {
      bytes = new byte[random.nextInt(80)];
      random.nextBytes(bytes);
      if (bytes.length > 0 && random.nextInt(8) > 0) {
        bytes[0] = Codec.VERSION;
      }
      return bytes;
    }
    bytes = Codec.encode(random.nextInt(), message(random));
    for (int flips = random.nextInt(4); flips > 0; flips--) {
      int at = random.nextInt(Math.min(bytes.length, random.nextBoolean() ? 40 : bytes.length));
      bytes[at] = (byte) random.nextInt();
    }
    return random.nextInt(4) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length + 8)) : bytes;
  }

  private static Message message(SplittableRandom random) {
    return switch (random.nextInt(19)) {
      case 0 -> new Message.Hello(random.nextInt(256), random.nextInt(256), text(random));
      case 1 -> new Message.Restore(pod(random));
      case 2 -> new Message.Open(pod(random));
      case 3 -> new Message.Arm(uid(random));
      case 4 -> new Message.Disarm(uid(random));
      case 5 -> new Message.Close(uid(random));
      case 6 ->
          new Message.Lease(
              uid(random), one(random, Family.values()), 1 + random.nextInt(Codec.MAX_LEASE));
      case 7 -> new Message.ListPods(random.nextBoolean());
      case 8 -> new Message.ListNodeAddresses(random.nextBoolean());
      case 9 -> new Message.Welcome(random.nextInt(256), text(random));
      case 10 -> new Message.Done();
      case 11 -> new Message.Opened(one(random, CaptureState.values()));
      case 12 -> new Message.Leased(1 + random.nextInt(Codec.MAX_LEASE));
      case 13 -> new Message.Listed(pod(random), one(random, CaptureState.values()));
      case 14 -> new Message.ListEnd(new Counters(count(random), count(random), count(random)));
      case 15 ->
          new Message.NodeAddresses(list(random, Codec.MAX_NODE_ADDRESSES, i -> address(random)));
      case 16 -> new Message.Failed(one(random, Reason.values()), text(random));
      case 17 -> new Message.PodAbandoned(uid(random));
      default -> new Message.RulesRepaired(uid(random), text(random));
    };
  }

  private static PodRef pod(SplittableRandom random) {
    return new PodRef(
        uid(random),
        uid(random),
        uid(random) + ".x",
        list(random, PodRef.MAX_ADDRESSES, i -> address(random)),
        new Exclusions(
            list(random, Exclusions.MAX_ENTRIES, i -> 1 + random.nextInt(65535)),
            list(random, Exclusions.MAX_ENTRIES, i -> 1 + random.nextInt(65535)),
            list(random, Exclusions.MAX_ENTRIES, i -> block(random))));
  }

  private static Cidr block(SplittableRandom random) {
    InetAddress address = address(random);
    return new Cidr(address, random.nextInt(address.getAddress().length * 8 + 1));
  }

  private static InetAddress address(SplittableRandom random) {
    byte[] bytes = new byte[random.nextBoolean() ? 4 : 16];
    random.nextBytes(bytes);
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException impossible) {
      throw new AssertionError(impossible);
    }
  }

  private static String uid(SplittableRandom random) {
    StringBuilder uid = new StringBuilder();
    for (int length = 1 + random.nextInt(random.nextBoolean() ? 4 : 64); length > 0; length--) {
      uid.append(UID_CHARACTERS.charAt(random.nextInt(UID_CHARACTERS.length())));
    }
    return uid.toString();
  }

  private static String text(SplittableRandom random) {
    return one(random, TEXTS).repeat(random.nextInt(4));
  }

  private static long count(SplittableRandom random) {
    return random.nextLong() >>> (1 + random.nextInt(63));
  }

  private static <T> T one(SplittableRandom random, T[] all) {
    return all[random.nextInt(all.length)];
  }

  /** Mostly short, sometimes of any length that is allowed. */
  private static <T> List<T> list(SplittableRandom random, int max, IntFunction<T> make) {
    int length = random.nextInt(random.nextInt(16) == 0 ? max + 1 : 3);
    return IntStream.range(0, length).mapToObj(make).toList();
  }
}
