package io.weftmesh.policy.model;

import java.util.Locale;

/** What of a request decides its endpoint. A request that lacks it goes anywhere. */
public sealed interface HashKey {

  /**
   * The value of a header.
   *
   * @param name kept in lower case
   */
  record Header(String name) implements HashKey {
    public Header {
      name = name.toLowerCase(Locale.ROOT);
    }

    @Override
    public String toString() {
      return "header " + name;
    }
  }

  /**
   * The value of a cookie that the client sends.
   *
   * @param name cookies' names are case-sensitive (RFC 6265, 5.4)
   */
  record Cookie(String name) implements HashKey {
    @Override
    public String toString() {
      return "cookie " + name;
    }
  }

  /** The address of the client pod. */
  record SourceAddress() implements HashKey {
    @Override
    public String toString() {
      return "source address";
    }
  }
}
