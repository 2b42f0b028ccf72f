package io.weftmesh.proxy.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoopShardTest {
  private final List<EventLoop> loops = new ArrayList<>();

  @AfterEach
  void stop() {
    loops.forEach(EventLoop::shutdownGracefully);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void takesAllLoopsWhenThereAreFew(int count) {
    LoopShard shard = LoopShard.of("any", loops(count));

    assertThat(drawn(shard)).containsExactlyInAnyOrderElementsOf(loops);
  }

  @Test
  void givesAPodTheSameTwoLoopsEachTime() {
    loops(8);

    Set<EventLoop> first = drawn(LoopShard.of("7c1a", loops));

    assertThat(first).hasSize(2);
    assertThat(drawn(LoopShard.of("7c1a", loops))).isEqualTo(first);
  }

  @Test
  void spreadsPodsEvenlyOverAllPairs() {
    loops(8);
    Map<Set<EventLoop>, Integer> pods = new HashMap<>();

    int count = 28_000;
    for (int i = 0; i < count; i++) {
      String uid = UUID.nameUUIDFromBytes(new byte[] {(byte) i, (byte) (i >> 8)}).toString();
      pods.merge(drawn(LoopShard.of(uid, loops)), 1, Integer::sum);
    }

    assertThat(pods).hasSize(28);
    assertThat(pods.values()).allSatisfy(share -> assertThat(share).isBetween(800, 1200));
  }

  private static Set<EventLoop> drawn(LoopShard shard) {
    Set<EventLoop> drawn = new HashSet<>();
    for (int i = 0; i < shard.size(); i++) {
      drawn.add(shard.next());
    }
    return drawn;
  }

  private List<EventLoop> loops(int count) {
    for (int i = 0; i < count; i++) {
      loops.add(new DefaultEventLoop());
    }
    return loops;
  }
}
