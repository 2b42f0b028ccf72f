package io.weftmesh.policy.compile;

import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.HeaderMatch;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.policy.model.WeightedBackend;
import io.weftmesh.policy.model.WeightedDraw;
import io.weftmesh.policy.v1alpha1.TrafficShiftSpec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The backends of one {@code TrafficShift}, for each port of the Service that it shifts. */
final class ShiftCompiler {
  /** What the CRD allows, too: a draw looks at its backends one after the other. */
  private static final int MAX_BACKENDS = 16;

  private static final int MAX_HEADERS = 16;

  private final Written<TrafficShiftSpec> shift;
  private final TrafficShiftSpec spec;
  private final ServiceKey shifted;
  private final ServiceShape.Lookup services;
  private final Findings findings;

  /**
   * @param shifted the Service whose traffic it is
   */
  ShiftCompiler(
      Written<TrafficShiftSpec> shift,
      TrafficShiftSpec spec,
      ServiceKey shifted,
      ServiceShape.Lookup services,
      Findings findings) {
    this.shift = shift;
    this.spec = spec;
    this.shifted = shifted;
    this.services = services;
    this.findings = findings;
  }

  /** Whether the backends make sense in themselves, whatever Services there are. */
  boolean check() {
    List<TrafficShiftSpec.Backend> backends = spec.backends();
    if (backends == null || backends.isEmpty() || backends.size() > MAX_BACKENDS) {
      findings.invalid(
          "spec.backends",
          "has "
              + (backends == null ? 0 : backends.size())
              + " entries, expected 1 to "
              + MAX_BACKENDS);
      return false;
    }
    Set<TrafficShiftSpec.Backend> seen = new HashSet<>();
    boolean anyWeight = false;
    for (int i = 0; i < backends.size(); i++) {
      TrafficShiftSpec.Backend backend = backends.get(i);
      if (backend == null) {
        findings.invalid(field(i), "is empty");
        continue;
      }
      check(field(i), backend);
      anyWeight |= backend.weight() != null && backend.weight() > 0;
      if (!seen.add(
          new TrafficShiftSpec.Backend(
              backend.service(), backend.namespace(), backend.port(), backend.labels(), null))) {
        findings.invalid(field(i), "stands there twice");
      }
    }
    Subsets.check(backends, findings);
    if (!anyWeight && !findings.isInvalid()) {
      findings.invalid("spec.backends", "have no weight above 0, so that nothing gets any traffic");
    }
    if (spec.match() != null) {
      checkHeaders(spec.match());
    }
    return !findings.isInvalid();
  }

  private void check(String field, TrafficShiftSpec.Backend backend) {
    if (backend.service() == null && backend.labels() == null) {
      findings.invalid(
          field,
          "names neither a service nor labels, expected one of them, or labels of a service");
    } else if (backend.service() != null) {
      findings.required(field + ".service", backend.service());
    } else if (backend.namespace() != null) {
      findings.invalid(
          field + ".namespace",
          "is \""
              + backend.namespace()
              + "\" without a service: labels alone name pods of the Service that is shifted");
    }
    findings.within(field + ".port", backend.port(), 1, 65_535);
    Subsets.check(field + ".labels", backend.labels(), findings);
    if (backend.weight() == null) {
      findings.invalid(field + ".weight", "is missing");
    } else {
      findings.within(field + ".weight", backend.weight(), 0, WeightedBackend.MAX_WEIGHT);
    }
  }

  /** The headers that a request must have to be shifted; none if all are. */
  List<HeaderMatch> headers() {
    List<HeaderMatch> headers = new ArrayList<>();
    for (TrafficShiftSpec.Header header :
        spec.match() == null || spec.match().headers() == null
            ? List.<TrafficShiftSpec.Header>of()
            : spec.match().headers()) {
      if (header.name() != null && header.value() != null) {
        headers.add(new HeaderMatch(header.name(), header.value()));
      }
    }
    return headers;
  }

  private void checkHeaders(TrafficShiftSpec.Match match) {
    List<TrafficShiftSpec.Header> headers = match.headers();
    if (headers == null || headers.isEmpty() || headers.size() > MAX_HEADERS) {
      findings.invalid(
          "spec.match.headers",
          "has "
              + (headers == null ? 0 : headers.size())
              + " entries, expected 1 to "
              + MAX_HEADERS);
      return;
    }
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < headers.size(); i++) {
      String field = "spec.match.headers[" + i + "]";
      TrafficShiftSpec.Header header = headers.get(i);
      if (header == null) {
        findings.invalid(field, "is empty");
        continue;
      }
      String name = HeaderChanges.name(header.name(), field + ".name", findings);
      findings.present(field + ".value", header.value());
      if (name != null && !seen.add(name.toLowerCase(Locale.ROOT))) {
        findings.invalid(field + ".name", "is \"" + name + "\", which stands there twice");
      }
    }
  }

  /** The draw for one port of the Service, for backends that were checked. */
  WeightedDraw draw(int port) {
    List<WeightedBackend> drawn = new ArrayList<>();
    List<TrafficShiftSpec.Backend> backends = spec.backends();
    for (int i = 0; backends != null && i < backends.size(); i++) {
      TrafficShiftSpec.Backend backend = backends.get(i);
      if (backend.weight() != null) {
        int backendPort = backend.port() == null ? port : backend.port();
        drawn.add(
            new WeightedBackend(
                resolve(field(i), backend, new ServicePortKey(service(backend), backendPort)),
                backend.weight()));
      }
    }
    return new WeightedDraw(drawn);
  }

  private ServiceKey service(TrafficShiftSpec.Backend backend) {
    return backend.service() == null
        ? shifted
        : new ServiceKey(
            backend.namespace() == null ? shift.namespace() : backend.namespace(),
            backend.service());
  }

  private Backend resolve(String field, TrafficShiftSpec.Backend backend, ServicePortKey key) {
    Backends.Failure failure = Backends.failure(services, key);
    if (failure == null) {
      return backend.labels() == null
          ? new Backend.Service(key)
          : new Backend.Service(key, backend.labels());
    }
    String at = field + (failure.ofThePort() ? ".port" : ".service");
    findings.add(
        at,
        failure.reason(),
        failure.what(),
        "its share of the traffic is answered with 500 until that is mended");
    return new Backend.Unresolvable(key.toString(), shift + ": " + at + " " + failure.what());
  }

  private static String field(int index) {
    return "spec.backends[" + index + "]";
  }
}
