package io.weftmesh.proxy.admin.explain;

import io.weftmesh.policy.model.Backend;
import io.weftmesh.proxy.balance.Balancer;
import io.weftmesh.proxy.balance.EndpointSet;
import java.util.List;

/** What is known of endpoints, by whoever balances them. */
@FunctionalInterface
public interface Loads {
  /** In the order of the set; empty where nothing is known, as in a process that serves nobody. */
  List<Balancer.Load> of(Backend.Service backend, EndpointSet endpoints);
}
