package io.weftmesh.proxy.http;

import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.routing.Destination;
import java.net.InetSocketAddress;

/**
 * What is known of a captured connection when HTTP takes it over.
 *
 * @param pod where it comes from
 * @param destination what it was opened to; not {@link Destination.UnservedPort}, which is refused
 *     before a byte is read
 * @param original the address it was opened to
 */
public record OutboundContext(ClientPod pod, Destination destination, InetSocketAddress original)
    implements ClientContext {
  public OutboundContext {
    if (destination instanceof Destination.UnservedPort unserved) {
      throw new IllegalArgumentException(unserved + " is refused, and not proxied");
    }
  }

  /** {@code namespace/service:port}, {@code pod} or {@code outside}. */
  @Override
  public String service() {
    return switch (destination) {
      case Destination.ServiceDestination service -> service.port().key().toString();
      case Destination.PodDestination pod -> "pod";
      case Destination.OutsideDestination outside -> "outside";
      case Destination.UnservedPort unserved -> unserved.service().toString();
    };
  }

  /**
   * Who asks for an address is not to be refused because endpoints that are out of date have it
   * under another name.
   */
  @Override
  public Endpoint endpoint() {
    return destination instanceof Destination.PodDestination pod && pod.isFirstHand()
        ? new Endpoint(original, pod.uid(), null, null)
        : Endpoint.of(original);
  }

  /** Who may call whom is decided where the target is. */
  @Override
  public RequestGate gate() {
    return RequestGate.OPEN;
  }
}
