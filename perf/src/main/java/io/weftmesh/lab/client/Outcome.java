package io.weftmesh.lab.client;

import static io.weftmesh.lab.host.Template.fill;

import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.time.Duration;

/**
 * What became of one request.
 *
 * @param at since the load began, when the request was due
 * @param took from then until the last byte, or the failure
 * @param pod whose application answered; empty if none did
 * @param detail what went wrong; empty for {@code OK}
 */
public record Outcome(Duration at, Duration took, Kind kind, String pod, String detail) {
  /** The ways in which a request ends. */
  public enum Kind {
    OK,
    /** Answered with another status than 200. */
    STATUS,
    REFUSED,
    RESET,
    /** Ended in the middle, in order. */
    CLOSED,
    TIMEOUT,
    OTHER
  }

  static Kind kindOf(IOException error) {
    return switch (error) {
      case SocketTimeoutException timeout -> Kind.TIMEOUT;
      case NoRouteToHostException noRoute -> Kind.REFUSED;
      case ConnectException refused ->
          String.valueOf(refused.getMessage()).contains("timed out") ? Kind.TIMEOUT : Kind.REFUSED;
      case EOFException closed -> Kind.CLOSED;
      default ->
          String.valueOf(error.getMessage()).contains("reset")
                  || String.valueOf(error.getMessage()).contains("Broken pipe")
              ? Kind.RESET
              : Kind.OTHER;
    };
  }

  @Override
  public String toString() {
    return fill("%s at %d ms after %d ms: %s%s", kind, at.toMillis(), took.toMillis(), pod, detail);
  }
}
