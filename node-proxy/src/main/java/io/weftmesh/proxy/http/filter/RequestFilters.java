package io.weftmesh.proxy.http.filter;

import io.weftmesh.policy.model.Filter;
import io.weftmesh.policy.model.Filter.HeaderChange;
import io.weftmesh.policy.model.RequestHead;
import io.weftmesh.policy.model.RouteMatch;
import io.weftmesh.proxy.http.codec.Head;
import java.util.List;

/** What a rule or a backend has done to a request, filter by filter in the order written. */
public final class RequestFilters {
  private RequestFilters() {}

  /** What comes of it. */
  public sealed interface Result {
    /** The request goes on, as it was changed. */
    enum Pass implements Result {
      PASS
    }

    /** The proxy answers, with this head and no body. */
    record Answer(Head head) implements Result {}

    /** The request must not go on: a filter can't be honoured. */
    record Refuse(String what) implements Result {}
  }

  /**
   * Changes a request, or finds out that it is not to be passed on.
   *
   * @param head changed in place
   * @param seen the request as it was routed
   * @param match what it met
   * @param servicePort the port that it was sent to
   */
  public static Result apply(
      List<Filter> filters, Head head, RequestHead seen, RouteMatch match, int servicePort) {
    for (Filter filter : filters) {
      if (filter instanceof Filter.Unsupported unsupported) {
        // Before anything is done: half of what was asked for is not what was asked for.
        return new Result.Refuse(unsupported.what());
      }
    }
    for (Filter filter : filters) {
      switch (filter) {
        case HeaderChange change when change.subject() == HeaderChange.Subject.REQUEST ->
            HeaderChanges.apply(change, head);
        case Filter.Rewrite rewrite -> Rewrites.apply(rewrite, head, seen, match);
        case Filter.Redirect redirect -> {
          return new Result.Answer(Redirects.answer(redirect, seen, match, servicePort));
        }
        case Filter.Cors cors when CrossOrigin.isPreflight(seen) -> {
          return new Result.Answer(CrossOrigin.preflightAnswer(cors, seen));
        }
        case Filter.HeaderChange ofTheAnswer -> {}
        case Filter.Cors ofTheAnswer -> {}
        case Filter.Mirror mirror -> {}
        case Filter.Unsupported unsupported -> {}
      }
    }
    return Result.Pass.PASS;
  }
}
