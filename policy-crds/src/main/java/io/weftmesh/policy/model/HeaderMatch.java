package io.weftmesh.policy.model;

import java.util.Locale;

/**
 * A condition on a header: it is there, and its value meets the condition.
 *
 * @param name kept in lower case
 */
public record HeaderMatch(String name, ValueMatch value) {
  public HeaderMatch {
    name = name.toLowerCase(Locale.ROOT);
  }

  /** A header with exactly this value. */
  public HeaderMatch(String name, String value) {
    this(name, new ValueMatch.Exact(value));
  }

  boolean matches(RequestHead head) {
    String found = head.header(name);
    return found != null && value.matches(found);
  }

  @Override
  public String toString() {
    return "header " + name + " " + value;
  }
}
