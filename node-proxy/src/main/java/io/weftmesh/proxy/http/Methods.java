package io.weftmesh.proxy.http;

/** What methods promise (RFC 9110, 9.2). Of a method that is not known, nothing is assumed. */
final class Methods {
  private Methods() {}

  /** Asks for nothing to be changed. */
  static boolean isSafe(String method) {
    return switch (method) {
      case "GET", "HEAD", "OPTIONS", "TRACE" -> true;
      default -> false;
    };
  }

  /** Twice is the same as once. */
  static boolean isIdempotent(String method) {
    return switch (method) {
      case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE" -> true;
      default -> false;
    };
  }
}
