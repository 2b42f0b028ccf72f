package io.weftmesh.policy.compile;

import io.weftmesh.policy.compile.RouteSpec.BackendRef;
import io.weftmesh.policy.compile.RouteSpec.RuleFilter;
import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.Filter;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.policy.model.WeightedBackend;
import java.util.ArrayList;
import java.util.List;

/**
 * The references of one route to where its traffic goes. Into other namespaces they need no grant:
 * a client could call such a Service itself.
 */
final class BackendRefs {
  private static final String SHARE =
      "its share of the traffic is answered with 500 until that is mended";
  private static final String COPIES = "nothing is copied there until that is mended";

  private final Written<RouteSpec> route;
  private final ServiceShape.Lookup services;
  private final Findings findings;

  BackendRefs(Written<RouteSpec> route, ServiceShape.Lookup services, Findings findings) {
    this.route = route;
    this.services = services;
    this.findings = findings;
  }

  List<WeightedBackend> weighted(List<BackendRef> refs) {
    List<WeightedBackend> backends = new ArrayList<>();
    for (BackendRef ref : refs) {
      backends.add(new WeightedBackend(resolve(ref, SHARE), ref.weight(), filters(ref.filters())));
    }
    return backends;
  }

  List<Filter> filters(List<RuleFilter> written) {
    List<Filter> filters = new ArrayList<>();
    for (RuleFilter filter : written) {
      filters.add(
          switch (filter) {
            case RuleFilter.Plain(Filter plain) -> plain;
            case RuleFilter.MirrorTo mirror ->
                new Filter.Mirror(
                    resolve(mirror.backend(), COPIES), mirror.numerator(), mirror.denominator());
          });
    }
    return filters;
  }

  private Backend resolve(BackendRef ref, String consequence) {
    String group = ref.group() == null ? "" : ref.group();
    String kind = ref.kind() == null ? "Service" : ref.kind();
    String namespace = ref.namespace() == null ? route.namespace() : ref.namespace();
    String named = namespace + "/" + ref.name();
    if (!kind.equals("Service") || !ParentRefs.isOfServices(group)) {
      return nowhere(
          ref.field() + ".kind",
          Problem.Reason.INVALID_KIND,
          "is " + kind + " of group \"" + group + "\", expected Service of group \"\"",
          named,
          consequence);
    }
    if (ref.name() == null || ref.name().isBlank()) {
      return nowhere(
          ref.field() + ".name",
          Problem.Reason.BACKEND_NOT_FOUND,
          "is missing, expected the name of a Service",
          named,
          consequence);
    }
    if (ref.port() == null) {
      return nowhere(
          ref.field() + ".port",
          Problem.Reason.BACKEND_NOT_FOUND,
          "is missing, expected a port of Service " + named,
          named,
          consequence);
    }
    ServicePortKey key = new ServicePortKey(namespace, ref.name(), ref.port());
    Backends.Failure failure = Backends.failure(services, key);
    return failure == null
        ? new Backend.Service(key)
        : nowhere(
            ref.field() + (failure.ofThePort() ? ".port" : ".name"),
            failure.reason(),
            failure.what(),
            key.toString(),
            consequence);
  }

  private Backend nowhere(
      String field, Problem.Reason reason, String what, String reference, String consequence) {
    findings.add(field, reason, what, consequence);
    return new Backend.Unresolvable(reference, route + ": " + field + " " + what);
  }
}
