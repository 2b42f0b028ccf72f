package io.weftmesh.proxy.http;

import io.weftmesh.policy.model.GrpcStatus;
import io.weftmesh.proxy.http.codec.Head;
import java.nio.charset.StandardCharsets;

/**
 * What gRPC has for an answer that the proxy makes: a call's status is in {@code grpc-status}, and
 * a client that finds an HTTP status instead has to guess ("HTTP to gRPC Status Code Mapping" in
 * gRPC's documentation).
 */
final class GrpcErrors {
  private static final String CONTENT_TYPE = "application/grpc";
  private static final String HEX = "0123456789ABCDEF";

  private GrpcErrors() {}

  /** Whether this is a gRPC call, whatever its messages are coded in. */
  static boolean isCall(Head request) {
    String type = request.value("content-type");
    return type != null
        && type.startsWith(CONTENT_TYPE)
        && (type.length() == CONTENT_TYPE.length()
            || type.charAt(CONTENT_TYPE.length()) == '+'
            || type.charAt(CONTENT_TYPE.length()) == ';');
  }

  /** As a client would map the HTTP status, but where more is known than that says. */
  static GrpcStatus of(ErrorReason reason) {
    return switch (reason) {
      case TIMEOUT, TRY_TIMEOUT, IDLE_TIMEOUT -> GrpcStatus.DEADLINE_EXCEEDED;
      case UNRESOLVABLE_BACKEND -> GrpcStatus.UNAVAILABLE;
      default -> ofHttp(reason.status());
    };
  }

  /** As a client maps an HTTP status. */
  static GrpcStatus ofHttp(int status) {
    return switch (status) {
      case 400 -> GrpcStatus.INTERNAL;
      case 401 -> GrpcStatus.UNAUTHENTICATED;
      case 403 -> GrpcStatus.PERMISSION_DENIED;
      case 404 -> GrpcStatus.UNIMPLEMENTED;
      case 429, 502, 503, 504 -> GrpcStatus.UNAVAILABLE;
      default -> GrpcStatus.UNKNOWN;
    };
  }

  /** The value of {@code grpc-message}: percent-encoded but for what is visible in ASCII. */
  static String message(String text) {
    var encoded = new StringBuilder(text.length() + 16);
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      if (b >= ' ' && b <= '~' && b != '%') {
        encoded.append((char) b);
      } else {
        encoded.append('%').append(HEX.charAt(b >> 4 & 0xf)).append(HEX.charAt(b & 0xf));
      }
    }
    return encoded.toString();
  }
}
