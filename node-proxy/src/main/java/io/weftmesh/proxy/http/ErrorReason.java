package io.weftmesh.proxy.http;

import io.weftmesh.proxy.tunnel.Unreachable;
import java.util.Locale;

/**
 * Why the proxy answered in place of the application: the value of {@code x-weft-error} and of the
 * {@code error} label in metrics. A word here is a promise to dashboards; it never changes its
 * meaning.
 */
public enum ErrorReason {
  /** The client sent what is not HTTP, or could be read in two ways. */
  BAD_REQUEST(400, "Bad Request"),
  /** The target's policy forbids this client. */
  DENIED(403, "Forbidden"),
  /** The Service has routes, and none matches the request. */
  NO_ROUTE(404, "Not Found"),
  /** The client began a request and did not go on. */
  REQUEST_TIMEOUT(408, "Request Timeout"),
  /** A mirror's alone, which no client sees: a body is mirrored up to a bound. */
  MIRROR_TOO_LARGE(413, "Content Too Large"),
  /** The Service's rate limit. */
  RATE_LIMITED(429, "Too Many Requests"),
  /** Request headers or trailers over the limit. */
  HEADERS_TOO_LARGE(431, "Request Header Fields Too Large"),
  /** The route leads to a backend that does not exist or can't be used. */
  UNRESOLVABLE_BACKEND(500, "Internal Server Error"),
  /** The route asks for something that can't be honoured. */
  UNSUPPORTED_FILTER(500, "Internal Server Error"),
  /** A transfer coding that is not spoken here, or CONNECT over HTTP/2. */
  NOT_SUPPORTED(501, "Not Implemented"),
  /** The endpoint answered with what is not HTTP, or not of the client's version. */
  BAD_RESPONSE(502, "Bad Gateway"),
  /** The endpoint's answer has headers over the limit. */
  RESPONSE_HEADERS_TOO_LARGE(502, "Bad Gateway"),
  /** The endpoint closed or reset the connection before it answered. */
  UPSTREAM_CLOSED(502, "Bad Gateway"),
  /** The backend has no endpoint that is ready. */
  NO_ENDPOINT(503, "Service Unavailable"),
  /** No endpoint could be connected to. */
  UNREACHABLE(503, "Service Unavailable"),
  /** The client pod has no certificate yet. */
  NO_IDENTITY(503, "Service Unavailable"),
  /** No authenticated connection to a target that must not be spoken to otherwise. */
  INSECURE(503, "Service Unavailable"),
  /** A fault that a policy puts in, with the status that it asks for. */
  FAULT_INJECTED(503, "Service Unavailable"),
  /** A limit that the Service's policy sets is reached. */
  LIMIT_REACHED(503, "Service Unavailable"),
  /** A limit of this proxy is reached. */
  OVERLOADED(503, "Service Unavailable"),
  /** The whole request took longer than the route allows. */
  TIMEOUT(504, "Gateway Timeout"),
  /** The last try took longer than the route allows for one. */
  TRY_TIMEOUT(504, "Gateway Timeout"),
  /** Not a byte came in either direction for too long. */
  IDLE_TIMEOUT(504, "Gateway Timeout"),
  /** A version that is not spoken here. */
  VERSION_NOT_SUPPORTED(505, "HTTP Version Not Supported");

  private final int status;
  private final String phrase;
  private final String word;

  ErrorReason(int status, String phrase) {
    this.status = status;
    this.phrase = phrase;
    this.word = name().toLowerCase(Locale.ROOT);
  }

  /** What a client is told when no endpoint could be connected to, and the last try ended so. */
  static ErrorReason of(Unreachable.Reason reason) {
    return switch (reason) {
      case DENIED -> DENIED;
      case NO_IDENTITY -> NO_IDENTITY;
      case TLS, PLAINTEXT_FORBIDDEN -> INSECURE;
      case OVERLOADED -> OVERLOADED;
      case REFUSED, TIMED_OUT, GONE, NO_SOCKET -> UNREACHABLE;
    };
  }

  public int status() {
    return status;
  }

  /** As it stands in {@code x-weft-error} and in metrics. */
  public String word() {
    return word;
  }

  String phrase() {
    return phrase;
  }
}
