package io.weftmesh.policy.model;

import org.jspecify.annotations.Nullable;

/**
 * One port of a Service: what routes attach to, and what they send to. No record, because metrics
 * ask for its text with every request: it is made once.
 */
public final class ServicePortKey {
  private final ServiceKey service;
  private final int port;
  private final String text;

  public ServicePortKey(ServiceKey service, int port) {
    this.service = service;
    this.port = port;
    this.text = service + ":" + port;
  }

  public ServicePortKey(String namespace, String name, int port) {
    this(new ServiceKey(namespace, name), port);
  }

  public ServiceKey service() {
    return service;
  }

  public int port() {
    return port;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ServicePortKey key && key.text.equals(text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  /** {@code shop/echo:80}. */
  @Override
  public String toString() {
    return text;
  }
}
