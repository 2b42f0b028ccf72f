package io.weftmesh.redirector.netns;

import io.weftmesh.redirector.lease.Descriptor;
import io.weftmesh.redirector.linux.Files;
import io.weftmesh.redirector.linux.Namespaces;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * An open network namespace, which its descriptor keeps alive. Thread-safe; work that is under way
 * in it goes on when it is closed.
 */
public final class NetworkNamespace implements AutoCloseable {
  private final Descriptor descriptor;
  private final Files.Identity identity;

  private NetworkNamespace(Descriptor descriptor, Files.Identity identity) {
    this.descriptor = descriptor;
    this.identity = identity;
  }

  /** What is done inside. */
  public interface Work<T> {
    /** Runs on a thread of the namespace; so do the processes that it starts. */
    T run() throws IOException;
  }

  /**
   * Becomes the owner of a descriptor of a namespace.
   *
   * @throws IOException if it is one of anything else; it is closed then
   */
  public static NetworkNamespace of(Descriptor descriptor) throws IOException {
    try {
      if (!Namespaces.isNetworkNamespace(descriptor.number())) {
        throw new IOException("not a network namespace");
      }
      return new NetworkNamespace(descriptor, Files.identity(descriptor.number()));
    } catch (IOException unusable) {
      descriptor.close();
      throw unusable;
    }
  }

  /** Opens a namespace by a file, following links as those of /proc are. */
  public static NetworkNamespace open(String path) throws IOException {
    return of(new Descriptor(Files.open(path)));
  }

  /** Device and inode: two descriptors are of one namespace if these are equal. */
  public Files.Identity identity() {
    return identity;
  }

  /**
   * Does the work on a throwaway platform thread inside the namespace and waits for it.
   *
   * @throws IOException what the work threw, or that the namespace could not be entered
   */
  public <T> T call(Work<T> work) throws IOException {
    try (Descriptor held = hold()) {
      Visit<T> visit = new Visit<>(held.number(), work);
      Thread thread = Thread.ofPlatform().name("netns-" + identity.inode()).start(visit);
      joinUninterruptibly(thread);
      return visit.outcome();
    }
  }

  @Override
  public synchronized void close() {
    descriptor.close();
  }

  private synchronized Descriptor hold() throws IOException {
    return descriptor.duplicate();
  }

  private static void joinUninterruptibly(Thread thread) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException retry) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static final class Visit<T> implements Runnable {
    private final int namespace;
    private final Work<T> work;
    private @Nullable T result;
    private @Nullable Throwable failure;

    Visit(int namespace, Work<T> work) {
      this.namespace = namespace;
      this.work = work;
    }

    @Override
    public void run() {
      try {
        Namespaces.enterNetwork(namespace);
        result = work.run();
      } catch (IOException | RuntimeException | Error thrown) {
        failure = thrown;
      }
    }

    @SuppressWarnings("NullAway") // Without a failure there is a result: the work's, null or not.
    T outcome() throws IOException {
      switch (failure) {
        case null -> {
          return result;
        }
        case IOException thrown -> throw thrown;
        case RuntimeException thrown -> throw thrown;
        case Error thrown -> throw thrown;
        case Throwable impossible -> throw new AssertionError(impossible);
      }
    }
  }
}
