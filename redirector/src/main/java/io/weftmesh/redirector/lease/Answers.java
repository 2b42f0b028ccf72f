package io.weftmesh.redirector.lease;

import io.weftmesh.redirector.lease.wire.Message;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;

/** The replies to one request, in order. Those that nobody asked for are closed. */
final class Answers implements AutoCloseable {
  private final Queue<Answer<?>> answers = new ArrayDeque<>();

  void add(Answer<?> answer) {
    answers.add(answer);
  }

  int size() {
    return answers.size();
  }

  /** The one reply, which must be of this kind and have that many descriptors. */
  <M extends Message> Answer<M> only(Class<M> kind, int descriptors) throws RedirectorException {
    try (this) {
      return next(kind, descriptors);
    }
  }

  /** The next reply, which must be of this kind and have that many descriptors. */
  <M extends Message> Answer<M> next(Class<M> kind, int descriptors) throws RedirectorException {
    Answer<?> answer = answers.remove();
    if (answer.message() instanceof Message.Failed failed) {
      answer.close();
      throw new RedirectorException(failed.reason(), failed.detail());
    }
    List<Descriptor> received = answer.descriptors();
    if (!kind.isInstance(answer.message()) || received.size() != descriptors) {
      answer.close();
      throw new RedirectorException(
          Reason.MALFORMED,
          answer.message().getClass().getSimpleName()
              + " with "
              + received.size()
              + " descriptors, expected "
              + kind.getSimpleName()
              + " with "
              + descriptors);
    }
    return new Answer<>(kind.cast(answer.message()), received);
  }

  @Override
  public void close() {
    for (Answer<?> answer : answers) {
      answer.close();
    }
    answers.clear();
  }
}
