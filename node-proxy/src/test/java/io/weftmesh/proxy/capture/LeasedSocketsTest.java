package io.weftmesh.proxy.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.FileDescriptor;
import io.weftmesh.proxy.telemetry.Metrics;
import io.weftmesh.redirector.lease.Descriptor;
import io.weftmesh.redirector.lease.Family;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** With descriptors of /dev/null in place of sockets: closing one is real. */
class LeasedSocketsTest {
  private final Queue<Asked> asked = new ArrayDeque<>();
  private final List<Descriptor> made = new ArrayList<>();
  private final LeasedSockets sockets =
      new LeasedSockets(Family.IPV4, this::lease, new CaptureMetrics(new Metrics()));

  @BeforeAll
  static void loadNatives() {
    Epoll.ensureAvailability();
  }

  @AfterEach
  void closeAll() {
    made.forEach(Descriptor::close);
  }

  @Test
  void leasesAheadSoThatTheNextOneIsThere() {
    CompletableFuture<Descriptor> first = sockets.take();
    assertThat(first).isNotDone();

    answer();

    assertThat(first).isCompleted();
    assertThat(sockets.take()).isCompleted();
  }

  @Test
  void asksForOneBatchAtATimeAndForLargerOnesUnderLoad() {
    List<Integer> batches = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      sockets.take();
      assertThat(asked.size()).isLessThanOrEqualTo(1);
      if (!asked.isEmpty()) {
        batches.add(asked.element().count);
        answer();
      }
    }

    assertThat(batches).startsWith(8, 16, 32, 64).endsWith(64);
  }

  @Test
  void servesAllWhoWaitThoughTheyAreMoreThanABatch() {
    List<CompletableFuture<Descriptor>> waiting =
        IntStream.range(0, 300).mapToObj(i -> sockets.take()).toList();

    while (!asked.isEmpty()) {
      answer();
    }

    assertThat(waiting).allSatisfy(taken -> assertThat(taken).isCompleted());
    assertThat(waiting.stream().map(CompletableFuture::join).distinct()).hasSize(300);
  }

  @Test
  void keepsTheSocketOfOneWhoHasGivenUpForTheNext() {
    CompletableFuture<Descriptor> impatient = sockets.take();
    CompletableFuture<Descriptor> patient = sockets.take();
    impatient.cancel(false);

    answer();

    assertThat(patient).isCompleted();
    int left = 0;
    while (asked.isEmpty()) {
      assertThat(sockets.take()).isCompleted();
      left++;
    }
    assertThat(left).isPositive();
  }

  @Test
  void failsThoseWhoWaitWithTheRedirectorAndAsksAgainForTheNext() {
    CompletableFuture<Descriptor> taken = sockets.take();
    asked.remove().answer.completeExceptionally(new IOException("the redirector is gone"));
    assertThat(taken).isCompletedExceptionally();

    CompletableFuture<Descriptor> next = sockets.take();
    answer();

    assertThat(next).isCompleted();
  }

  @Test
  void boundsHowManyMayWait() {
    List<CompletableFuture<Descriptor>> waiting =
        IntStream.range(0, 4097).mapToObj(i -> sockets.take()).toList();

    assertThat(waiting.getLast())
        .isCompletedExceptionally()
        .satisfies(refused ->
            assertThat(refused.exceptionNow())
                .isInstanceOf(RejectedExecutionException.class)
                .hasMessageContaining("4096"));
    assertThat(waiting.get(4095)).isNotDone();
  }

  @Test
  void closesWhatRestsAndWhatComesTooLate() {
    sockets.take();
    answer();
    sockets.take();
    List<Descriptor> late = new ArrayList<>();
    while (asked.isEmpty()) {
      sockets.take();
    }

    sockets.close();
    int before = made.size();
    answer();
    late.addAll(made.subList(before, made.size()));

    assertThat(late).isNotEmpty().allMatch(LeasedSocketsTest::isClosed);
    assertThat(sockets.take()).isCompletedExceptionally();
  }

  @Test
  void givesMostBackWhenNobodyNeedsThem() {
    for (int i = 0; i < 100; i++) {
      sockets.take();
      if (!asked.isEmpty()) {
        answer();
      }
    }
    sockets.trim();
    long closedWhileUsed = made.stream().filter(LeasedSocketsTest::isClosed).count();

    sockets.trim();

    assertThat(closedWhileUsed).isZero();
    assertThat(made.stream().filter(LeasedSocketsTest::isClosed).count()).isPositive();
    assertThat(sockets.take()).isCompleted();
  }

  private CompletableFuture<List<Descriptor>> lease(Family family, int count) {
    Asked question = new Asked(count, new CompletableFuture<>());
    asked.add(question);
    return question.answer;
  }

  private void answer() {
    Asked question = asked.remove();
    List<Descriptor> sockets =
        IntStream.range(0, question.count).mapToObj(i -> openDescriptor()).toList();
    made.addAll(sockets);
    question.answer.complete(sockets);
  }

  private static Descriptor openDescriptor() {
    try {
      return new Descriptor(FileDescriptor.from("/dev/null").intValue());
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  private static boolean isClosed(Descriptor descriptor) {
    try {
      descriptor.number();
      return false;
    } catch (IllegalStateException closed) {
      return true;
    }
  }

  private record Asked(int count, CompletableFuture<List<Descriptor>> answer) {}
}
