package io.weftmesh.policy.model;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Faults that are put into requests on purpose, to see how clients bear them. Delay and abort are
 * drawn independently; a request that gets both is aborted after the delay.
 *
 * @param headers the requests that it is about meet all of them; empty is every request
 */
public record FaultPolicy(List<HeaderMatch> headers, Optional<Delay> delay, Optional<Abort> abort) {

  public FaultPolicy {
    headers = List.copyOf(headers);
  }

  /** Whether it is about a request at all. */
  public boolean appliesTo(RequestHead head) {
    for (int i = 0; i < headers.size(); i++) {
      if (!headers.get(i).matches(head)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Holds a request back before it is sent.
   *
   * @param percent of the requests
   */
  public record Delay(Duration duration, int percent) {}

  /**
   * Answers a request in place of a backend.
   *
   * @param percent of the requests
   */
  public record Abort(Answer answer, int percent) {}

  /** What an aborted request is answered. */
  public sealed interface Answer {
    /** A status of HTTP. */
    record Http(int status) implements Answer {}

    /** 200 with this {@code grpc-status}. */
    record Grpc(GrpcStatus status) implements Answer {}
  }
}
