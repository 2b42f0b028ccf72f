package io.weftmesh.redirector.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NetlinkMessageTest {
  /** As an x86-64 kernel answered: generation 7 of nf_tables, and the name of who asked. */
  private static final byte[] GENERATION =
      HexFormat.of()
          .parseHex(
              "2c0000000f0a000000000000d2040000"
                  + "00000007"
                  + "0800010000000007"
                  + "08000200000004d2"
                  + "0700030061620000");

  @Test
  void readsAttributes() {
    List<NetlinkMessage> messages = NetlinkMessage.parse(GENERATION);

    assertThat(messages).hasSize(1);
    NetlinkMessage message = messages.getFirst();
    assertThat(message.type()).isEqualTo(0xa0f);
    assertThat(message.attribute(4, 1)).containsExactly(0, 0, 0, 7);
    assertThat(message.attribute(4, 3)).containsExactly('a', 'b', 0);
    assertThat(message.attribute(4, 9)).isEmpty();
  }

  @Test
  void tellsAnErrorFromAnAcknowledgement() {
    byte[] refused = HexFormat.of().parseHex("1400000002000000000000000000000" + "0" + "efffffff");
    byte[] done = HexFormat.of().parseHex("1400000002000000000000000000000" + "0" + "00000000");

    assertThat(NetlinkMessage.parse(refused).getFirst().error()).isEqualTo(Errno.EEXIST);
    assertThat(NetlinkMessage.parse(done).getFirst().error()).isZero();
  }

  @Test
  void leavesOutWhateverIsDamaged() {
    Random random = new Random(5);
    for (int round = 0; round < 100_000; round++) {
      byte[] damaged = GENERATION.clone();
      for (int flips = random.nextInt(4); flips >= 0; flips--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      for (NetlinkMessage message : NetlinkMessage.parse(damaged)) {
        assertThat(message.attribute(4, 1).length).isLessThan(damaged.length);
        assertThat(message.type()).isBetween(0, 65535);
      }
    }
  }
}
