package io.weftmesh.proxy.routing;

import io.weftmesh.policy.model.Protocol;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.model.ServicePortKey;
import java.time.Duration;

/**
 * One TCP port of a Service.
 *
 * @param name the port's name, empty if it has none
 * @param declared what the Service says the port speaks
 * @param clientAffinity how long a client address keeps its endpoint ({@code sessionAffinity:
 *     ClientIP}); zero if it doesn't
 */
public record ServicePort(
    ServicePortKey key, String name, Protocol declared, Duration clientAffinity) {

  public ServiceKey service() {
    return key.service();
  }

  public int port() {
    return key.port();
  }

  @Override
  public String toString() {
    return key.toString();
  }
}
