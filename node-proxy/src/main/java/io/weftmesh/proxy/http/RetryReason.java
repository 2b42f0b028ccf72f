package io.weftmesh.proxy.http;

import java.util.Locale;

/** Why a request was sent again: the {@code reason} label of {@code weft_retries_total}. */
enum RetryReason {
  /** The endpoint could not be connected to; nothing was sent. */
  CONNECT,
  /** A pooled connection turned out to be closed, or its endpoint to be leaving. */
  STALE_CONNECTION,
  /** The endpoint refused the stream, and so did nothing with the request. */
  REFUSED,
  /** The connection broke before a byte of the answer, and the request is safe. */
  RESET,
  /** The answer had a status code that the policy lists. */
  STATUS,
  /** The answer did not begin in the time for one try. */
  TRY_TIMEOUT;

  private final String word = name().toLowerCase(Locale.ROOT);

  String word() {
    return word;
  }
}
