package io.weftmesh.lab.host;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/** Does a thing to many at once: most of it is waiting for the kernel and for other processes. */
public final class Parallel {
  private static final int AT_ONCE = 6;

  private Parallel() {}

  /**
   * Returns when all is done.
   *
   * @throws CompletionException with the first failure, after all have ended
   */
  public static <T> void forEach(List<T> items, Consumer<T> work) {
    List<Future<?>> done = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE)) {
      for (T item : items) {
        done.add(threads.submit(() -> work.accept(item)));
      }
    }
    for (Future<?> one : done) {
      try {
        one.get();
      } catch (ExecutionException e) {
        throw new CompletionException(e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }
  }
}
