package io.weftmesh.policy.model;

import java.util.Locale;
import java.util.Optional;

/**
 * The status codes of gRPC.
 *
 * @see <a href="https://grpc.io/docs/guides/status-codes/">gRPC: status codes</a>
 */
public enum GrpcStatus {
  OK(0),
  CANCELLED(1),
  UNKNOWN(2),
  INVALID_ARGUMENT(3),
  DEADLINE_EXCEEDED(4),
  NOT_FOUND(5),
  ALREADY_EXISTS(6),
  PERMISSION_DENIED(7),
  RESOURCE_EXHAUSTED(8),
  FAILED_PRECONDITION(9),
  ABORTED(10),
  OUT_OF_RANGE(11),
  UNIMPLEMENTED(12),
  INTERNAL(13),
  UNAVAILABLE(14),
  DATA_LOSS(15),
  UNAUTHENTICATED(16);

  private final int number;

  GrpcStatus(int number) {
    this.number = number;
  }

  /** The number that stands in {@code grpc-status}. */
  public int number() {
    return number;
  }

  /**
   * The status that is meant by its name, in any case and with {@code -} for {@code _}, or by its
   * number.
   */
  public static Optional<GrpcStatus> of(String text) {
    String name = text.strip().toUpperCase(Locale.ROOT).replace('-', '_');
    for (GrpcStatus status : values()) {
      if (status.name().equals(name) || String.valueOf(status.number).equals(name)) {
        return Optional.of(status);
      }
    }
    return Optional.empty();
  }
}
