package io.weftmesh.proxy.http;

import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.routing.Destination;
import java.net.InetSocketAddress;

/** What is known of a client's connection when HTTP takes it over. */
public sealed interface ClientContext permits OutboundContext, InboundContext {
  /** Whose it is: what it may use, and what it has in common with others. */
  ClientPod pod();

  /** What it was opened to. */
  Destination destination();

  /** The address it was opened to. */
  InetSocketAddress original();

  /** What it was opened to, as metrics have it. */
  String service();

  /** The one endpoint there is, where nothing is balanced. */
  Endpoint endpoint();

  /** Asked for each request. */
  RequestGate gate();
}
