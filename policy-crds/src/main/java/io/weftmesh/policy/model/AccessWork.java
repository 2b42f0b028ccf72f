package io.weftmesh.policy.model;

/** What a caller wants. */
public sealed interface AccessWork {
  AccessWork CONNECTION = new Connection();
  AccessWork BYTES = new Bytes();

  /**
   * To connect, and then to be asked again: for each request if the connection speaks HTTP, else
   * with {@link Bytes}. Whatever depends on requests does not stand in its way.
   */
  record Connection() implements AccessWork {}

  /** To send bytes that nobody here understands. */
  record Bytes() implements AccessWork {}

  /** A request. */
  record Request(RequestHead head) implements AccessWork {}
}
