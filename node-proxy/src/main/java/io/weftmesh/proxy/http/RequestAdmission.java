package io.weftmesh.proxy.http;

import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.FaultPolicy;
import io.weftmesh.policy.model.RequestPolicy;
import io.weftmesh.proxy.balance.FaultDraw.Fault;
import io.weftmesh.proxy.balance.ServiceLimits;
import io.weftmesh.proxy.balance.ServiceLimits.Full;
import io.weftmesh.proxy.balance.ServiceLimits.Place;
import io.weftmesh.proxy.balance.ServiceLimits.Use;
import io.weftmesh.proxy.http.codec.Head;
import org.jspecify.annotations.Nullable;

/**
 * Whether one request may go on, by what policies say before it is sent: its rate, the faults that
 * somebody wants to see, and how much of its backend is in use. Holds the places that it takes
 * until it is closed. Confined to the loop of the request.
 */
final class RequestAdmission implements AutoCloseable {
  private final HttpProxy proxy;
  private final ClientPod client;
  private @Nullable Place inHand;
  private @Nullable Place pending;

  RequestAdmission(HttpProxy proxy, ClientPod client) {
    this.proxy = proxy;
    this.client = client;
  }

  /** The answer to a request that comes too soon; null if it doesn't. */
  @Nullable ErrorAnswer tooSoon(RequestPolicy policy) {
    if (policy.rateLimit().isEmpty()) {
      return null;
    }
    var limit = policy.rateLimit().get();
    long seconds = proxy.controls().rate(limit).tryPass(client.identity());
    return seconds == 0
        ? null
        : ErrorAnswer.of(
                ErrorReason.RATE_LIMITED,
                limit.policy()
                    + " lets no more requests through for now; come again in "
                    + seconds
                    + " s")
            .retryAfter(seconds);
  }

  /** Which fault is put into a request; to be asked once. */
  Fault fault(RequestPolicy policy, Head request) {
    return policy.fault().isEmpty()
        ? Fault.NONE
        : proxy.faults().draw(policy.fault().get(), new RoutedHead(request));
  }

  /** The answer that a fault is. */
  static ErrorAnswer aborted(FaultPolicy.Answer answer) {
    String text = "a TrafficPolicy has this request fail on purpose";
    return switch (answer) {
      case FaultPolicy.Answer.Http http ->
          ErrorAnswer.of(ErrorReason.FAULT_INJECTED, text).status(http.status());
      case FaultPolicy.Answer.Grpc grpc ->
          ErrorAnswer.of(ErrorReason.FAULT_INJECTED, text).grpcStatus(grpc.status());
    };
  }

  /**
   * Takes a place among the requests in hand.
   *
   * @return null, or why there is none
   */
  @Nullable ErrorAnswer enter(Target target) {
    return switch (acquire(Use.CONCURRENT_REQUEST, target)) {
      case Place place -> {
        inHand = place;
        yield null;
      }
      case Full full -> answer(target, full);
    };
  }

  /**
   * Takes a place among the requests that wait for a connection; given back by {@link #connected}.
   *
   * @return null, or why there is none
   */
  @Nullable ErrorAnswer await(Target target) {
    return switch (acquire(Use.PENDING_REQUEST, target)) {
      case Place place -> {
        pending = place;
        yield null;
      }
      case Full full -> answer(target, full);
    };
  }

  /** It waits no longer, whatever came of it. */
  void connected() {
    Place place = pending;
    if (place != null) {
      pending = null;
      place.close();
    }
  }

  @Override
  public void close() {
    connected();
    Place place = inHand;
    if (place != null) {
      inHand = null;
      place.close();
    }
  }

  private ServiceLimits.Admission acquire(Use use, Target target) {
    Backend.Service backend = target.backend();
    return backend == null
        ? Place.UNCOUNTED
        : proxy.controls().limits(backend.service()).acquire(use, target.settings(), client.uid());
  }

  private static ErrorAnswer answer(Target target, Full full) {
    return ErrorAnswer.of(ErrorReason.LIMIT_REACHED, target.label() + ": " + full);
  }
}
