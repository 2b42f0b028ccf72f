package io.weftmesh.proxy.routing;

/** A probe that a pod's own spec declares, which the kubelet makes in plaintext. */
public sealed interface Probe {
  int port();

  /**
   * One GET of one path.
   *
   * @param path as written, with its query
   * @param tls whether the kubelet speaks TLS to the application, so that nobody can see the path
   */
  record HttpGet(int port, String path, boolean tls) implements Probe {}

  /** A connect, and nothing more. */
  record TcpConnect(int port) implements Probe {}

  /**
   * One call of {@code grpc.health.v1.Health/Check}.
   *
   * @param service the service asked for, empty for the server as a whole
   */
  record GrpcHealth(int port, String service) implements Probe {}
}
