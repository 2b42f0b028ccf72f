package io.weftmesh.ca.server.directory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class AcknowledgementsTest {
  private final Acknowledgements acknowledgements = new Acknowledgements();

  @Test
  void waitsForEveryProcess() {
    acknowledgements.acknowledged("a", 1);
    acknowledgements.acknowledged("b", 1);
    CompletableFuture<Boolean> all = acknowledgements.await(5);

    acknowledgements.acknowledged("a", 5);
    acknowledgements.acknowledged("a", 6);
    assertThat(all).isNotDone();
    acknowledgements.acknowledged("b", 4);
    assertThat(all).isNotDone();
    acknowledgements.acknowledged("b", 9);
    assertThat(all).isCompletedWithValue(true);
  }

  @Test
  void waitsForNobodyWhenAllKnowAlready() {
    acknowledgements.acknowledged("a", 5);
    assertThat(acknowledgements.await(5)).isCompletedWithValue(true);
    assertThat(new Acknowledgements().await(5)).isCompletedWithValue(true);
  }

  @Test
  void doesNotWaitForOneThatGoesAndWaitsForOneThatComes() {
    acknowledgements.acknowledged("a", 1);
    CompletableFuture<Boolean> all = acknowledgements.await(5);
    acknowledgements.acknowledged("late", 2);
    acknowledgements.gone("a");
    acknowledgements.gone("never there");
    assertThat(all).isNotDone();
    acknowledgements.acknowledged("late", 5);
    assertThat(all).isCompletedWithValue(true);
  }

  @Test
  void neverGoesBack() {
    acknowledgements.acknowledged("a", 5);
    acknowledgements.acknowledged("a", 3);
    assertThat(acknowledgements.await(5)).isCompletedWithValue(true);
  }

  @Test
  void forgetsWaitsThatWereGivenUp() {
    acknowledgements.acknowledged("a", 1);
    CompletableFuture<Boolean> all = acknowledgements.await(5);
    all.complete(false);
    acknowledgements.acknowledged("a", 5);
    assertThat(all).isCompletedWithValue(false);
  }
}
