package io.weftmesh.proxy.http.filter;

import io.weftmesh.policy.model.Filter;
import io.weftmesh.policy.model.Filter.HeaderChange;
import io.weftmesh.proxy.http.codec.Head;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a rule or a backend has done to an answer, filter by filter in the order written. */
public final class ResponseFilters {
  private ResponseFilters() {}

  /**
   * Changes the head of an answer that an application gave.
   *
   * @param origin what the request said in {@code Origin}; null if nothing
   */
  public static void apply(List<Filter> filters, @Nullable String origin, Head head) {
    for (Filter filter : filters) {
      if (filter instanceof HeaderChange change
          && change.subject() == HeaderChange.Subject.RESPONSE) {
        HeaderChanges.apply(change, head);
      } else if (filter instanceof Filter.Cors cors) {
        CrossOrigin.answer(cors, origin, head);
      }
    }
  }
}
