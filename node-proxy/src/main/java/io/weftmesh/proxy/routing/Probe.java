package io.weftmesh.proxy.routing;

import io.weftmesh.policy.model.RequestHead;

/** A probe that a pod's own spec declares, which the kubelet makes in plaintext. */
public sealed interface Probe {
  int port();

  /** Whether it may begin with this request. */
  boolean isMadeBy(RequestHead head);

  /**
   * One GET of one path.
   *
   * @param path as written, with its query
   * @param tls whether the kubelet speaks TLS to the application, so that nobody can see the path
   */
  record HttpGet(int port, String path, boolean tls) implements Probe {
    @Override
    public boolean isMadeBy(RequestHead head) {
      String query = head.query();
      return !tls
          && head.method().equals("GET")
          && path.equals(query.isEmpty() ? head.path() : head.path() + "?" + query);
    }
  }

  /** A connect, and nothing more. */
  record TcpConnect(int port) implements Probe {
    @Override
    public boolean isMadeBy(RequestHead head) {
      return false;
    }
  }

  /**
   * One call of {@code grpc.health.v1.Health/Check}.
   *
   * @param service the service asked for, empty for the server as a whole
   */
  record GrpcHealth(int port, String service) implements Probe {
    /** The service stands in the message, and tells nothing that another one's would not. */
    @Override
    public boolean isMadeBy(RequestHead head) {
      return head.method().equals("POST")
          && head.query().isEmpty()
          && head.path().equals("/grpc.health.v1.Health/Check");
    }
  }
}
