package io.weftmesh.policy.model;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a Service says its port speaks. */
public enum Protocol {
  /** HTTP/1.0 or 1.1; WebSocket starts as such. */
  HTTP,
  /** HTTP/2 with prior knowledge, in clear text. */
  HTTP2,
  /** gRPC over HTTP/2 with prior knowledge. */
  GRPC,
  /** TLS of the application's own, passed through unopened. */
  TLS,
  /** Bytes. */
  TCP,
  /** Nothing is said: the first bytes tell. */
  AUTO;

  /**
   * What is declared for a port: by {@code appProtocol}, else by the part of the port's name before
   * its first hyphen, else nothing. An {@code appProtocol} that Weft does not know declares
   * nothing, and the name is not asked then: whoever wrote it meant something.
   */
  public static Protocol declared(@Nullable String appProtocol, String portName) {
    if (appProtocol != null && !appProtocol.isEmpty()) {
      return byAppProtocol(appProtocol.toLowerCase(Locale.ROOT));
    }
    int hyphen = portName.indexOf('-');
    return byPrefix(hyphen < 0 ? portName : portName.substring(0, hyphen));
  }

  private static Protocol byAppProtocol(String appProtocol) {
    return switch (appProtocol) {
      case "kubernetes.io/h2c" -> HTTP2;
      case "kubernetes.io/ws" -> HTTP;
      case "kubernetes.io/wss" -> TLS;
      default -> byPrefix(appProtocol);
    };
  }

  private static Protocol byPrefix(String prefix) {
    return switch (prefix) {
      case "http" -> HTTP;
      case "http2", "h2c" -> HTTP2;
      case "grpc" -> GRPC;
      case "https", "tls" -> TLS;
      case "tcp" -> TCP;
      default -> AUTO;
    };
  }
}
