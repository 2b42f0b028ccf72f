package io.weftmesh.redirector.lease;

import io.weftmesh.redirector.lease.wire.Message.Request;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A request that waits for its replies. Once it has ended, by whatever way, later replies are
 * refused, so that their descriptors are closed by whoever brings them.
 */
final class PendingCall {
  /** Writing rules takes some ten milliseconds; this is for a node that is out of breath. */
  private static final long TIMEOUT_SECONDS = 30;

  private final CountDownLatch ended = new CountDownLatch(1);
  private final Answers answers = new Answers();
  private @Nullable RedirectorException failure;

  /** Takes one reply; false if nobody waits for it any more. */
  synchronized boolean add(Answer<?> answer, boolean last) {
    if (ended.getCount() == 0) {
      return false;
    }
    answers.add(answer);
    if (last) {
      ended.countDown();
    }
    return true;
  }

  /** Ends the wait with an error, unless it has ended already. */
  synchronized void fail(Reason reason, String detail, @Nullable Throwable cause) {
    if (ended.getCount() > 0) {
      failure = new RedirectorException(reason, detail, cause);
      answers.close();
      ended.countDown();
    }
  }

  Answers await(Request request) throws RedirectorException {
    String name = request.getClass().getSimpleName();
    try {
      if (!ended.await(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        fail(Reason.TIMED_OUT, "no answer to " + name + " in " + TIMEOUT_SECONDS + " s", null);
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      fail(Reason.TIMED_OUT, "interrupted while waiting for the answer to " + name, interrupted);
    }
    synchronized (this) {
      if (failure != null) {
        throw failure;
      }
      return answers;
    }
  }
}
