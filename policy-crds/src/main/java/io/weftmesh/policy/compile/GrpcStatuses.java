package io.weftmesh.policy.compile;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.weftmesh.policy.model.GrpcStatus;
import org.jspecify.annotations.Nullable;

/** gRPC statuses as users write them: by name or by number. */
final class GrpcStatuses {
  private GrpcStatuses() {}

  /** The status of a field; null, and a problem, if it is none or {@code OK}. */
  static @Nullable GrpcStatus read(Findings findings, String field, @Nullable IntOrString written) {
    String text = written == null ? "" : String.valueOf(written.getValue());
    GrpcStatus status = GrpcStatus.of(text).orElse(GrpcStatus.OK);
    if (status == GrpcStatus.OK) {
      findings.invalid(
          field,
          "is \"" + text + "\", expected a gRPC status other than OK, such as UNAVAILABLE or 14");
      return null;
    }
    return status;
  }
}
