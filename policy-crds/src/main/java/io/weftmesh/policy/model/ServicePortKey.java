package io.weftmesh.policy.model;

/** One port of a Service: what routes attach to, and what they send to. */
public record ServicePortKey(ServiceKey service, int port) {

  public ServicePortKey(String namespace, String name, int port) {
    this(new ServiceKey(namespace, name), port);
  }

  /** {@code shop/echo:80}. */
  @Override
  public String toString() {
    return service + ":" + port;
  }
}
