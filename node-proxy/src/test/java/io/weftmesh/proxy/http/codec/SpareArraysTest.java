package io.weftmesh.proxy.http.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class SpareArraysTest {
  private final SpareArrays spare = new SpareArrays();

  @Test
  void sizesArePowersOfTwo() {
    assertThat(spare.take(9_000)).hasSize(SpareArrays.SMALLEST_BYTES);
    assertThat(spare.take(16 * 1024)).hasSize(16 * 1024);
    assertThat(spare.take(16 * 1024 + 1)).hasSize(32 * 1024);
    assertThat(spare.take(61_440)).hasSize(64 * 1024);
    assertThat(spare.take(5_000_000)).hasSize(8 * 1024 * 1024);
  }

  @Test
  void whatWasGivenIsTakenAgainByWhoNeedsThatSize() {
    byte[] array = spare.take(60_000);
    spare.give(array);

    assertThat(spare.take(20_000)).isNotSameAs(array);
    assertThat(spare.take(40_000)).isSameAs(array);
    assertThat(spare.take(40_000)).isNotSameAs(array);
  }

  @Test
  void noMoreThanTheMostIsKept() {
    int kept = SpareArrays.MOST_BYTES / (64 * 1024);
    for (int i = 0; i < kept; i++) {
      spare.give(new byte[64 * 1024]);
    }
    byte[] tooMuch = new byte[64 * 1024];
    spare.give(tooMuch);
    spare.give(new byte[SpareArrays.MOST_BYTES]);

    for (int i = 0; i < kept; i++) {
      assertThat(spare.take(64 * 1024)).isNotSameAs(tooMuch);
    }
    // All are out: there is room again.
    spare.give(tooMuch);
    assertThat(spare.take(64 * 1024)).isSameAs(tooMuch);
  }

  @Test
  void aLargeHeadReusesTheArrayOfTheOneBeforeIt() throws MalformedException {
    byte[] first = readLarge('a');
    byte[] second = readLarge('b');

    assertThat(second).isSameAs(first);
  }

  /** In pieces, so that the head has to grow. */
  private static byte[] readLarge(char c) throws MalformedException {
    String value = String.valueOf(c).repeat(50_000);
    ByteBuf in =
        Unpooled.copiedBuffer(
            "GET / HTTP/1.1\r\nHost: a\r\nx-large: " + value + "\r\n\r\n",
            StandardCharsets.US_ASCII);
    Head head = new Head();
    HeadReader reader = HeadReader.ofRequests(60 * 1024);
    boolean complete = false;
    while (!complete) {
      complete = reader.read(in.readSlice(Math.min(3_000, in.readableBytes())), head);
    }
    assertThat(head.value("x-large")).isEqualTo(value);
    byte[] array = head.bytes;
    head.clear();
    return array;
  }
}
