package io.weftmesh.ca.server.rpc;

import io.grpc.Status;
import io.weftmesh.ca.server.node.Refusal;
import io.weftmesh.ca.server.node.RefusedException;
import io.weftmesh.ca.server.telemetry.SigningMetrics;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns a refusal into what the caller hears: one and the same text whatever the reason, so that
 * nobody learns by trying which pods, nodes or keys exist. The reason goes to log and metrics.
 */
final class Refusals {
  private static final Logger log = LoggerFactory.getLogger(Refusals.class);
  private static final int MAX_LOGGED = 512;

  private final SigningMetrics metrics;

  Refusals(SigningMetrics metrics) {
    this.metrics = metrics;
  }

  /** What the caller of a refused call hears. */
  static Status opaque() {
    return Status.PERMISSION_DENIED.withDescription("denied");
  }

  Status refuse(String call, Object caller, RefusedException e) {
    metrics.refused(e.refusal().label());
    log.warn("Refused {} to {}: {}: {}", call, caller, e.refusal(), printable(e.getMessage()));
    return switch (e.refusal()) {
      case RATE_LIMITED, TOO_MANY_STREAMS ->
          Status.RESOURCE_EXHAUSTED.withDescription("too many requests from this node");
      case BAD_CSR -> Status.INVALID_ARGUMENT.withDescription(printable(e.getMessage()));
      default -> opaque();
    };
  }

  /** Callers write into the log: on one line, of bounded length, in plain characters. */
  static String printable(String text) {
    String cut = text.length() > MAX_LOGGED ? text.substring(0, MAX_LOGGED) + "..." : text;
    return cut.replaceAll("[^\\x20-\\x7e]", "?");
  }

  /** A name that the message of {@link Refusal#BAD_CSR} may carry to the caller. */
  static RefusedException badRequest(Exception e) {
    return new RefusedException(Refusal.BAD_CSR, String.valueOf(e.getMessage()));
  }
}
