package io.weftmesh.proxy.http;

import io.weftmesh.policy.model.RequestHead;
import io.weftmesh.proxy.http.codec.Head;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Asked for each request of one client connection before anything is done with it, and once more
 * for those in progress when the rules have changed. Confined to the connection's event loop.
 */
public final class RequestGate {
  /** Lets everything pass. */
  static final RequestGate OPEN = new RequestGate(null, () -> {});

  /** What decides. */
  public interface Rules {
    /** Whether a request may be made now; the head is not kept. */
    boolean admit(RequestHead head);

    /** Whether bytes may be exchanged that nobody here understands. */
    boolean admitBytes();
  }

  private final @Nullable Rules rules;
  private final Runnable cut;
  private final Set<Exchange> inProgress = new LinkedHashSet<>();
  private @Nullable Head switched;
  private boolean outOfSight;

  private RequestGate(@Nullable Rules rules, Runnable cut) {
    this.rules = rules;
    this.cut = cut;
  }

  /**
   * The gate of one connection.
   *
   * @param cut ends the connection, for when its last request led to another protocol and would not
   *     be admitted any more
   */
  public static RequestGate of(Rules rules, Runnable cut) {
    return new RequestGate(rules, cut);
  }

  /** The rules have changed: what they do not admit any more is ended, even if it was answered. */
  public void reconsider() {
    if (switched != null) {
      if (!admits(switched, outOfSight)) {
        cut.run();
      }
      return;
    }
    for (Exchange exchange : List.copyOf(inProgress)) {
      if (!admits(exchange.request(), exchange.leadsOutOfSight())) {
        exchange.deny();
      }
    }
  }

  /** Whether a request may begin; if so, it tells when it is {@link #over}. */
  boolean enter(Exchange exchange) {
    if (rules == null) {
      return true;
    }
    boolean admitted = admits(exchange.request(), exchange.leadsOutOfSight());
    if (admitted) {
      inProgress.add(exchange);
    }
    return admitted;
  }

  /** The connection has left HTTP by this request, whose head won't be there any more. */
  void switched(Exchange exchange) {
    if (rules != null) {
      switched = exchange.request().copy();
      outOfSight = exchange.leadsOutOfSight();
    }
  }

  void over(Exchange exchange) {
    if (rules != null) {
      inProgress.remove(exchange);
    }
  }

  private boolean admits(Head request, boolean leadsOutOfSight) {
    return rules == null
        || (rules.admit(new RoutedHead(request)) && (!leadsOutOfSight || rules.admitBytes()));
  }
}
