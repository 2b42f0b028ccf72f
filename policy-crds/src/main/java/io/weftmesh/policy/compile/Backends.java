package io.weftmesh.policy.compile;

import io.weftmesh.policy.model.ServicePortKey;
import org.jspecify.annotations.Nullable;

/** Whether traffic can be sent to a Service's port at all. */
final class Backends {
  private Backends() {}

  /**
   * Why it can't.
   *
   * @param ofThePort whether the port is what is wrong, not the Service
   * @param what what is wrong with the field that says it
   */
  record Failure(boolean ofThePort, Problem.Reason reason, String what) {}

  /** Null if it can. */
  static @Nullable Failure failure(ServiceShape.Lookup services, ServicePortKey key) {
    ServiceShape shape = services.find(key.service());
    if (shape == null) {
      return new Failure(
          false,
          Problem.Reason.BACKEND_NOT_FOUND,
          "names Service " + key.service() + ", which does not exist");
    }
    if (shape.type() != ServiceShape.Type.CLUSTER_IP) {
      return new Failure(
          false,
          Problem.Reason.BACKEND_UNSUPPORTED,
          "names Service " + key.service() + ", which " + shape.type().text());
    }
    if (!shape.ports().contains(key.port())) {
      return new Failure(
          true,
          Problem.Reason.BACKEND_NOT_FOUND,
          "is "
              + key.port()
              + ", expected a TCP port of Service "
              + key.service()
              + ", which has "
              + shape.portsText());
    }
    return null;
  }
}
