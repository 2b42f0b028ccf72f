package io.weftmesh.policy.model;

import java.util.Locale;

/**
 * A condition on a header: it is there and has exactly this value.
 *
 * @param name kept in lower case
 */
public record HeaderMatch(String name, String value) {
  public HeaderMatch {
    name = name.toLowerCase(Locale.ROOT);
  }

  boolean matches(RequestHead head) {
    return value.equals(head.header(name));
  }

  @Override
  public String toString() {
    return "header " + name + " = " + value;
  }
}
