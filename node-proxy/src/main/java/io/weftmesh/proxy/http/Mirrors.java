package io.weftmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.Filter;
import io.weftmesh.policy.model.RequestPolicy;
import io.weftmesh.policy.model.RetryPolicy;
import io.weftmesh.policy.model.Timeouts;
import io.weftmesh.proxy.http.codec.Framing;
import io.weftmesh.proxy.http.codec.Head;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The copies of one request that are sent elsewhere, as routes ask for. Their answers are dropped,
 * and whatever becomes of them is counted and does not touch the request itself: it neither waits
 * for them nor hears of their failures. They are tried once.
 *
 * <p>A body is copied as it comes, up to {@link HttpSettings#maxReplayBytes()}; a request with a
 * longer one is not mirrored, or its mirror given up when that turns out.
 *
 * <p>Confined to the event loop of the request.
 */
final class Mirrors {
  /** Long enough for any answer that somebody compares; a mirror that hangs must not pile up. */
  private static final Duration TIMEOUT = Duration.ofSeconds(15);

  private static final RequestPolicy ONCE =
      new RequestPolicy(
          new Timeouts(TIMEOUT, Duration.ZERO),
          new RetryPolicy(
              0, Set.of(), false, RetryPolicy.Backoff.DEFAULT, RetryPolicy.Budget.DEFAULT));

  private final List<Mirror> open;

  private Mirrors(List<Mirror> open) {
    this.open = open;
  }

  /**
   * Begins to send the copies.
   *
   * @param head as it is sent to the backend; copied
   * @return null if there is none to send
   */
  static @Nullable Mirrors begin(
      List<Filter.Mirror> filters,
      HttpProxy proxy,
      ClientContext context,
      ClientSide client,
      Upstreams pool,
      Head head,
      Framing framing) {
    List<Mirror> begun = null;
    for (Filter.Mirror filter : filters) {
      if (proxy.random().nextInt(filter.denominator()) >= filter.numerator()) {
        continue;
      }
      if (begun == null) {
        begun = new ArrayList<>(1);
      }
      var mirror = new Mirror(proxy.settings().maxReplayBytes(), client);
      var exchange =
          Exchange.ofMirror(
              proxy,
              context,
              mirror,
              pool,
              head.copy(),
              framing,
              new Deadline(client.loop(), mirror::onDeadline));
      mirror.exchange = exchange;
      begun.add(mirror);
      if (framing.lengthBytes() > proxy.settings().maxReplayBytes()) {
        exchange.follow(
            new Routed.Refuse(
                ErrorReason.MIRROR_TOO_LARGE,
                filter.backend().toString(),
                "its body is longer than is mirrored"));
      } else if (filter.backend() instanceof Backend.Service to) {
        exchange.follow(
            new Routed.Forward(
                to,
                to.toString(),
                List.of(),
                List.of(),
                ONCE,
                proxy.snapshot().backendSettings(to.service())));
      } else {
        exchange.follow(
            new Routed.Refuse(
                ErrorReason.UNRESOLVABLE_BACKEND,
                filter.backend().toString(),
                "the mirror leads nowhere"));
      }
    }
    return begun == null ? null : new Mirrors(begun);
  }

  /** Some of the request's body, which stays the caller's. */
  void data(ByteBuf data) {
    for (Mirror mirror : open) {
      mirror.data(data);
    }
  }

  void end(@Nullable Head trailers) {
    for (Mirror mirror : open) {
      mirror.exchange().requestEnd(trailers);
    }
  }

  void flush() {
    for (Mirror mirror : open) {
      mirror.exchange().flushRequest();
    }
  }

  /** The request won't be complete. */
  void cancel() {
    for (Mirror mirror : open) {
      mirror.exchange().cancel();
    }
  }
}
