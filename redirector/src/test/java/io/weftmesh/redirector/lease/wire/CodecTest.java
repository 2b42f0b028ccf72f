package io.weftmesh.redirector.lease.wire;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.weftmesh.redirector.lease.CaptureState;
import io.weftmesh.redirector.lease.Cidr;
import io.weftmesh.redirector.lease.Counters;
import io.weftmesh.redirector.lease.Exclusions;
import io.weftmesh.redirector.lease.Family;
import io.weftmesh.redirector.lease.PodRef;
import io.weftmesh.redirector.lease.Reason;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class CodecTest {
  private static final PodRef POD =
      new PodRef(
          "8a7b-1",
          "shop",
          "cart-0",
          List.of(InetAddress.ofLiteral("10.1.0.7"), InetAddress.ofLiteral("fd00::7")),
          new Exclusions(
              List.of(9090),
              List.of(3306, 6379),
              List.of(Cidr.parse("10.9.0.0/16"), Cidr.parse("fd01::/64"))));

  static Stream<Message> messages() {
    return Stream.of(
        new Message.Hello(1, 2, "node-proxy-1"),
        new Message.Restore(POD),
        new Message.Open(POD),
        new Message.Arm("8a7b-1"),
        new Message.Disarm("8a7b-1"),
        new Message.Close("8a7b-1"),
        new Message.Lease("8a7b-1", Family.IPV6, Codec.MAX_LEASE),
        new Message.ListPods(true),
        new Message.ListNodeAddresses(false),
        new Message.Welcome(1, "redirector-1"),
        new Message.Done(),
        new Message.Opened(CaptureState.DRAINING),
        new Message.Leased(1),
        new Message.Listed(POD, CaptureState.ARMED),
        new Message.ListEnd(new Counters(1, 2, Long.MAX_VALUE)),
        new Message.NodeAddresses(POD.addresses()),
        new Message.Failed(Reason.PORT_TAKEN, "15001 wird gehört"),
        new Message.PodAbandoned("8a7b-1"),
        new Message.RulesRepaired("8a7b-1", "nat"));
  }

  @ParameterizedTest
  @MethodSource("messages")
  void readsWhatItWrites(Message message) throws MalformedFrameException {
    assertThat(Codec.decode(Codec.encode(77, message))).isEqualTo(new Frame(77, message));
  }

  @Test
  void hasAnExampleOfEveryMessage() {
    long kinds =
        Stream.of(Message.Request.class, Message.Reply.class, Message.Event.class)
            .mapToLong(kind -> kind.getPermittedSubclasses().length)
            .sum();

    assertThat(messages().map(Message::getClass).distinct()).hasSize((int) kinds);
  }

  /**
   * Two versions of the two processes must agree on these bytes; only the version may change them.
   */
  static Stream<Arguments> recorded() {
    return Stream.of(
        Arguments.of("01010000000101020001" + "67", new Message.Hello(1, 2, "g")),
        Arguments.of("010400000001000161", new Message.Arm("a")),
        Arguments.of(
            "010700000001" + "000161" + "01" + "40", new Message.Lease("a", Family.IPV6, 64)),
        Arguments.of("014000000001" + "01" + "000172", new Message.Welcome(1, "r")),
        Arguments.of("014200000001" + "01", new Message.Opened(CaptureState.ARMED)),
        Arguments.of("014700000001" + "02" + "0000", new Message.Failed(Reason.PORT_TAKEN, "")),
        Arguments.of("014700000001" + "0b" + "0000", new Message.Failed(Reason.DISCONNECTED, "")));
  }

  @ParameterizedTest
  @MethodSource("recorded")
  void keepsTheBytesOfItsVersion(String hex, Message message) {
    assertThat(HexFormat.of().formatHex(Codec.encode(1, message))).isEqualTo(hex);
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "-, 0, at least 6",
        "0104000000, 0, has 5 bytes",
        "010400000007, 7, ends early",
        "0104000000070005616263, 7, ends early",
        "01040000000700016100, 7, bytes behind the end",
        "010400000007ffff61, 7, at most 1024",
        "0104000000070001ff, 7, not UTF-8",
        "01040000000700012f, 7, pod uid",
        "0104000000070000, 7, pod uid",
        "016300000007, 7, no such type",
        "01070000000700016102" + "01, 7, expected less than 2",
        "01070000000700016100" + "00, 7, expected 1 to 128",
        "01070000000700016100" + "81, 7, expected 1 to 128",
        "010800000007" + "02, 7, expected 0 or 1",
        "014600000007" + "0001" + "05, 7, expected 4 or 16",
        "014600000007" + "0201, 7, at most 512",
      })
  void refusesWhatIsNoFrame(String hex, int sequence, String complaint) {
    byte[] bytes = hex == null ? new byte[0] : HexFormat.of().parseHex(hex);

    MalformedFrameException refusal =
        catchThrowableOfType(MalformedFrameException.class, () -> Codec.decode(bytes));

    assertThat(refusal).hasMessageContaining(complaint);
    assertThat(refusal.sequence()).isEqualTo(sequence);
    assertThat(refusal.isWrongVersion()).isFalse();
  }

  @Test
  void saysWhenTheVersionIsAnother() {
    byte[] bytes = Codec.encode(9, new Message.Done());
    bytes[0] = 2;

    MalformedFrameException refusal =
        catchThrowableOfType(MalformedFrameException.class, () -> Codec.decode(bytes));

    assertThat(refusal.isWrongVersion()).isTrue();
    assertThat(refusal.sequence()).isEqualTo(9);
  }

  @Test
  void refusesEveryTruncation() {
    messages()
        .forEach(message -> {
          byte[] whole = Codec.encode(1, message);
          for (int length = 0; length < whole.length; length++) {
            byte[] part = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> Codec.decode(part))
                .isInstanceOf(MalformedFrameException.class);
          }
        });
  }

  @Test
  void theLargestPodFitsAFrame() throws MalformedFrameException {
    PodRef largest =
        new PodRef(
            "u".repeat(64),
            "n".repeat(253),
            "p".repeat(253),
            Collections.nCopies(PodRef.MAX_ADDRESSES, InetAddress.ofLiteral("fd00::1")),
            new Exclusions(
                Collections.nCopies(Exclusions.MAX_ENTRIES, 65535),
                Collections.nCopies(Exclusions.MAX_ENTRIES, 65535),
                Collections.nCopies(Exclusions.MAX_ENTRIES, Cidr.parse("fd00::/64"))));
    List<InetAddress> addresses =
        Collections.nCopies(Codec.MAX_NODE_ADDRESSES, InetAddress.ofLiteral("fd00::1"));

    assertThat(Codec.decode(Codec.encode(1, new Message.Open(largest))).message())
        .isEqualTo(new Message.Open(largest));
    assertThat(Codec.decode(Codec.encode(1, new Message.NodeAddresses(addresses))).message())
        .isEqualTo(new Message.NodeAddresses(addresses));
  }

  @Test
  void cutsALongTextBetweenCharacters() throws MalformedFrameException {
    byte[] bytes = Codec.encode(1, new Message.Failed(Reason.INTERNAL, "x" + "ö".repeat(2000)));

    Message.Failed failed = (Message.Failed) Codec.decode(bytes).message();
    assertThat(failed.detail()).isEqualTo("x" + "ö".repeat(511));
    assertThat(failed.detail().getBytes(UTF_8)).hasSizeLessThanOrEqualTo(Codec.MAX_TEXT_BYTES);
  }
}
