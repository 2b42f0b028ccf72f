package io.weftmesh.policy.model;

import org.jspecify.annotations.Nullable;

/**
 * What a route can see of a request. Asked on the request's own thread while it is routed, and not
 * kept.
 */
public interface RequestHead {
  /** The method as sent: methods are case-sensitive (RFC 9110, 9.1). */
  String method();

  /** The path as sent, without query; {@code /} if the target has none. */
  String path();

  /** The query as sent, without the question mark; empty if there is none. */
  String query();

  /** The value of {@code Host} or {@code :authority}; empty if there is none. */
  String authority();

  /**
   * The value of a header; several fields of one name joined with commas, as RFC 9110, 5.3 has it.
   *
   * @param name in lower case
   * @return null if there is no such header
   */
  @Nullable String header(String name);
}
