package io.weftmesh.proxy.admin.explain;

import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.proxy.routing.Cidr;
import io.weftmesh.proxy.routing.Destination;
import io.weftmesh.proxy.routing.Destination.OutsideDestination;
import io.weftmesh.proxy.routing.Destination.PodDestination;
import io.weftmesh.proxy.routing.Destination.ServiceDestination;
import io.weftmesh.proxy.routing.Destination.UnservedPort;
import io.weftmesh.proxy.routing.IpFamily;
import io.weftmesh.proxy.routing.ServicePort;
import io.weftmesh.proxy.routing.Snapshot;
import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds out what a host and a port stand for. A connection brings an address with it, and people
 * write names: a Service's name is taken for its cluster address, as the cluster's DNS would.
 */
final class Addresses {
  private Addresses() {}

  /**
   * What was found.
   *
   * @param destination null if the name stands for nothing that is known
   */
  record Found(@Nullable Destination destination, String why) {}

  static Found find(Question question, Snapshot snapshot) {
    InetAddress address = literal(question.host());
    return address != null
        ? byAddress(snapshot.destination(address, question.port()), question)
        : byName(question, snapshot);
  }

  private static Found byAddress(Destination destination, Question question) {
    String text = question.host() + " port " + question.port();
    return new Found(
        destination,
        switch (destination) {
          case ServiceDestination to -> text + " is Service port " + to.port();
          case UnservedPort to ->
              text + " is Service " + to.service() + ", which has no such TCP port";
          case PodDestination to ->
              text
                  + " is a pod of namespace "
                  + to.namespace()
                  + (to.isFirstHand() ? ", " + to.name() : "")
                  + ": never routed, whatever Host says";
          case OutsideDestination to -> text + " is outside the cluster: passed through";
        });
  }

  private static Found byName(Question question, Snapshot snapshot) {
    ServiceKey key = serviceKey(question);
    ServicePort port = snapshot.servicePort(new ServicePortKey(key, question.port()));
    if (port == null) {
      List<Integer> ports =
          snapshot.servicePorts().stream()
              .filter(other -> other.service().equals(key))
              .map(ServicePortKey::port)
              .sorted()
              .toList();
      return ports.isEmpty()
          ? new Found(
              null,
              "there is no Service "
                  + key
                  + "; names outside the cluster are resolved by the application: ask with the"
                  + " address")
          : new Found(
              new UnservedPort(key, question.port()),
              "Service " + key + " has no TCP port " + question.port() + ", only " + ports);
    }
    if (!snapshot.hasClusterAddress(key)) {
      return new Found(
          null,
          "Service "
              + key
              + " is headless: its name stands for its pods' own addresses, which are never"
              + " routed; ask with the address of one");
    }
    return new Found(
        new ServiceDestination(port, IpFamily.IPV4),
        question.host() + " is the name of Service " + key + ", whose port is " + port);
  }

  /** {@code echo}, {@code echo.shop}, {@code echo.shop.svc} and so on. */
  private static ServiceKey serviceKey(Question question) {
    String[] labels = question.host().split("\\.", 3);
    return new ServiceKey(labels.length == 1 ? question.namespace() : labels[1], labels[0]);
  }

  private static @Nullable InetAddress literal(String host) {
    try {
      return Cidr.address(host);
    } catch (IllegalArgumentException aName) {
      return null;
    }
  }
}
