package io.weftmesh.proxy.capture;

import io.weftmesh.proxy.routing.Workload;
import io.weftmesh.redirector.lease.Cidr;
import io.weftmesh.redirector.lease.Exclusions;
import io.weftmesh.redirector.lease.PodRef;

/** A pod in the words of the lease protocol, which knows nothing of routing. */
final class PodRefs {
  private PodRefs() {}

  static PodRef of(Workload workload) {
    var excluded = workload.exclusions();
    return new PodRef(
        workload.uid(),
        workload.namespace(),
        workload.name(),
        workload.addresses(),
        new Exclusions(
            excluded.inboundPorts().stream().sorted().toList(),
            excluded.outboundPorts().stream().sorted().toList(),
            excluded.outboundRanges().stream()
                .map(range -> new Cidr(range.base(), range.prefixLength()))
                .toList()));
  }
}
