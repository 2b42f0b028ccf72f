package io.weftmesh.policy.model;

/**
 * Which rule of which object a decision comes from: for metrics, errors and explaining.
 *
 * @param rule the rule's place in the object, from 0
 */
public record RouteOrigin(Kind kind, String namespace, String name, int rule) {

  /** The kinds of objects that say where traffic goes. */
  public enum Kind {
    /** No object says anything: the Service's own endpoints. */
    SERVICE("Service"),
    HTTP_ROUTE("HTTPRoute"),
    GRPC_ROUTE("GRPCRoute"),
    TLS_ROUTE("TLSRoute"),
    TCP_ROUTE("TCPRoute"),
    TRAFFIC_SHIFT("TrafficShift"),
    /** Only where it is broken and therefore answers for its target. */
    TRAFFIC_POLICY("TrafficPolicy");

    private final String text;

    Kind(String text) {
      this.text = text;
    }
  }

  /** What holds for a Service that no object routes. */
  public static RouteOrigin service(ServiceKey service) {
    return new RouteOrigin(Kind.SERVICE, service.namespace(), service.name(), 0);
  }

  /**
   * {@code TrafficShift shop/echo}, with {@code [2]} behind it for a rule that is not the first.
   */
  @Override
  public String toString() {
    return kind.text + " " + namespace + "/" + name + (rule == 0 ? "" : "[" + rule + "]");
  }
}
