package io.weftmesh.lab.client;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.Pod;
import io.weftmesh.lab.host.NetworkNamespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;

/** Has a pod's application turn slow, bad or good again, see {@code io.weftmesh.lab.app}. */
public final class Turn {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private Turn() {}

  /**
   * Returns when the application goes by it.
   *
   * @param from where the application can be reached past all balancing, such as its node
   * @param port the application's own
   * @param query how it is to answer, such as {@code status=503}; empty for as it is asked
   */
  public static void pod(NetworkNamespace from, Pod pod, int port, String query) {
    try {
      HttpMessage answer =
          HttpConnection.getOnce(from, pod.address(), port, "/turn?" + query, TIMEOUT);
      if (answer.status() != 200) {
        throw new IllegalStateException(
            fill("%s does not turn to '%s': %s", pod, query, answer.startLine()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(fill("%s does not turn to '%s'", pod, query), e);
    }
  }
}
