package io.weftmesh.proxy.admin.explain;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.weftmesh.policy.model.Filter;
import io.weftmesh.policy.model.Protocol;
import io.weftmesh.policy.model.RequestHead;
import io.weftmesh.policy.model.RouteOrigin;
import io.weftmesh.policy.model.RouteRule;
import io.weftmesh.policy.model.RouteTable;
import io.weftmesh.policy.model.WeightedBackend;
import io.weftmesh.proxy.admin.explain.Outcome.Answered;
import io.weftmesh.proxy.admin.explain.Outcome.Forwarded;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.EndpointSet;
import io.weftmesh.proxy.http.ErrorReason;
import io.weftmesh.proxy.http.RoutedHead;
import io.weftmesh.proxy.http.codec.Head;
import io.weftmesh.proxy.http.codec.HeadReader;
import io.weftmesh.proxy.http.codec.MalformedException;
import io.weftmesh.proxy.http.filter.RequestFilters;
import io.weftmesh.proxy.routing.Destination.OutsideDestination;
import io.weftmesh.proxy.routing.Destination.PodDestination;
import io.weftmesh.proxy.routing.Destination.ServiceDestination;
import io.weftmesh.proxy.routing.Destination.UnservedPort;
import io.weftmesh.proxy.routing.ServicePort;
import io.weftmesh.proxy.routing.Snapshot;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Makes one {@link Explanation}. Not thread-safe; a new one for each question. */
final class Explainer {
  private static final int MAX_HEAD_BYTES = 60 << 10;

  private final Question question;
  private final Snapshot snapshot;
  private final Endpoints endpoints;
  private final List<Step> steps = new ArrayList<>();

  Explainer(Question question, Snapshot snapshot, Endpoints endpoints) {
    this.question = question;
    this.snapshot = snapshot;
    this.endpoints = endpoints;
  }

  Explanation explain() {
    Outcome outcome = outcome();
    return new Explanation(question, steps, outcome);
  }

  private Outcome outcome() {
    Addresses.Found found = Addresses.find(question, snapshot);
    steps.add(Step.of("address", found.why()));
    return switch (found.destination()) {
      case null -> reset("unknown_name");
      case UnservedPort refused -> reset("no_such_port");
      case PodDestination pod -> direct(pod.address(), pod.uid());
      case OutsideDestination outside -> direct(outside.address(), null);
      case ServiceDestination service -> service(service);
    };
  }

  private static Answered reset(String why) {
    return new Answered(0, Optional.of(why), Map.of());
  }

  private Outcome direct(InetAddress address, @Nullable String podUid) {
    steps.add(Step.of("routes", "none: only Services are routed, by their cluster address"));
    var socketAddress = new InetSocketAddress(address, question.port());
    String endpoint = Endpoints.text(socketAddress);
    RoutedHead request = question.isHttp() ? new RoutedHead(head()) : null;
    Optional<String> error =
        podUid == null
            ? Optional.empty()
            : endpoints.problem(
                EndpointSet.of(List.of(new Endpoint(socketAddress, podUid, null, null))),
                request,
                steps);
    return outcome(
        Optional.ofNullable(request).map(RoutedHead::target),
        List.of(new Outcome.Share(endpoint, 100, error, List.of(endpoint))));
  }

  private Outcome service(ServiceDestination to) {
    ServicePort port = to.port();
    steps.add(
        Step.of(
            "protocol",
            switch (port.declared()) {
              case AUTO -> "the Service declares none: the first bytes tell";
              case TCP, TLS ->
                  "the Service declares "
                      + port.declared()
                      + ": whatever comes is passed on as bytes, and no HTTPRoute or GRPCRoute"
                      + " holds";
              default -> "the Service declares " + port.declared();
            }));
    RouteTable routes = snapshot.routes(port, question.namespace());
    steps.add(Step.of("routes", routesText(port, routes)));
    if (question.isHttp() && !routes.isOpaque() && !isBytes(port)) {
      return request(to, routes);
    }
    RouteRule rule = question.isTls() ? routes.tls(question.host()) : routes.connection();
    if (rule == null) {
      steps.add(Step.of("rule", "no TLSRoute has the server name " + question.host()));
      return reset(ErrorReason.NO_ROUTE.word());
    }
    steps.add(Step.of("rule", rule.origin() + ", for the connection as a whole"));
    return outcome(Optional.empty(), endpoints.shares(rule, to, backend -> null, steps));
  }

  private static boolean isBytes(ServicePort port) {
    return port.declared() == Protocol.TCP || port.declared() == Protocol.TLS;
  }

  private String routesText(ServicePort port, RouteTable routes) {
    if (snapshot.hasConsumerRoutes(port, question.namespace())) {
      return "those that namespace "
          + question.namespace()
          + " has written for its own clients, in place of the Service's";
    }
    List<RouteTable.Entry> entries = routes.byPrecedence();
    boolean implied =
        entries.size() == 1
            && entries.getFirst().rule().origin().kind() == RouteOrigin.Kind.SERVICE;
    return implied
        ? "none is written: the Service's own endpoints"
        : "those of the Service's own namespace, which hold for everybody";
  }

  private Outcome request(ServiceDestination to, RouteTable routes) {
    Head head = head();
    RoutedHead seen = new RoutedHead(head);
    RouteTable.Entry met = routes.match(seen);
    steps.add(ruleStep(routes, seen, met));
    if (met == null) {
      return new Answered(404, Optional.of(ErrorReason.NO_ROUTE.word()), Map.of());
    }
    RouteRule rule = met.rule();
    List<String> done = rule.filters().stream().map(Filter::toString).toList();
    RequestFilters.Result result =
        RequestFilters.apply(rule.filters(), head, seen, met.match(), to.port().port());
    steps.add(new Step("filters", done.isEmpty() ? "none" : "in this order", done));
    return switch (result) {
      case RequestFilters.Result.Answer answer -> answered(answer.head());
      case RequestFilters.Result.Refuse refuse -> {
        steps.add(Step.of("refused", refuse.what()));
        yield new Answered(500, Optional.of(ErrorReason.UNSUPPORTED_FILTER.word()), Map.of());
      }
      case RequestFilters.Result.Pass pass -> forwarded(to, met, head);
    };
  }

  private Outcome forwarded(ServiceDestination to, RouteTable.Entry met, Head head) {
    steps.add(Policies.step(met.rule()));
    List<Outcome.Share> shares =
        endpoints.shares(met.rule(), to, backend -> sent(to, met, head, backend), steps);
    return shares.isEmpty()
        ? new Answered(500, Optional.of(ErrorReason.UNRESOLVABLE_BACKEND.word()), Map.of())
        : outcome(Optional.of(new RoutedHead(head).target()), shares);
  }

  /** The request after the backend's own filters too. */
  private static RequestHead sent(
      ServiceDestination to, RouteTable.Entry met, Head head, WeightedBackend backend) {
    Head copy = head.copy();
    RequestFilters.apply(
        backend.filters(), copy, new RoutedHead(copy), met.match(), to.port().port());
    return new RoutedHead(copy);
  }

  /** Where there is but one way and it is barred, that is what comes of it. */
  private Outcome outcome(Optional<String> target, List<Outcome.Share> shares) {
    Optional<String> error =
        shares.size() == 1 ? shares.getFirst().error() : Optional.<String>empty();
    if (error.isEmpty()) {
      return new Forwarded(target, shares);
    }
    boolean inWords =
        target.isPresent()
            && (!error.get().equals(ErrorReason.DENIED.word()) || endpoints.answersInWords());
    return inWords ? new Answered(status(error.get()), error, Map.of()) : reset(error.get());
  }

  private static int status(String error) {
    for (ErrorReason reason : ErrorReason.values()) {
      if (reason.word().equals(error)) {
        return reason.status();
      }
    }
    throw new IllegalArgumentException(error + " is no word of x-weft-error");
  }

  private static Answered answered(Head head) {
    Map<String, String> headers = new TreeMap<>();
    for (int i = 0; i < head.count(); i++) {
      if (!head.isRemoved(i)) {
        headers.put(head.name(i), head.value(i));
      }
    }
    return new Answered(head.status(), Optional.empty(), headers);
  }

  /** Every match before the one that is met, with the condition that failed. */
  private static Step ruleStep(
      RouteTable routes, RequestHead seen, RouteTable.@Nullable Entry met) {
    List<String> tried = new ArrayList<>();
    for (RouteTable.Entry entry : routes.byPrecedence()) {
      if (entry.equals(met)) {
        break;
      }
      tried.add("not " + entry.rule().origin() + ": " + entry.firstUnmet(seen));
    }
    return new Step(
        "rule",
        met == null
            ? "no rule is met, and a Service with routes answers 404 then"
            : met.rule().origin() + ", by " + met.host() + " and " + met.match(),
        tried);
  }

  /** Read as it would be from the wire, so that what could not be sent is not explained. */
  private Head head() {
    StringBuilder text = new StringBuilder(question.method()).append(' ');
    RequestHead asked = question.head();
    text.append(asked.path());
    if (!asked.query().isEmpty()) {
      text.append('?').append(asked.query());
    }
    text.append(" HTTP/1.1\r\n");
    if (!question.headers().containsKey("host")) {
      text.append("host: ").append(asked.authority()).append("\r\n");
    }
    question
        .headers()
        .forEach((name, value) -> text.append(name).append(": ").append(value).append("\r\n"));
    ByteBuf bytes = Unpooled.copiedBuffer(text.append("\r\n"), StandardCharsets.ISO_8859_1);
    Head head = new Head();
    try {
      if (!HeadReader.ofRequests(MAX_HEAD_BYTES).read(bytes, head)) {
        throw new IllegalArgumentException("the request is not complete");
      }
    } catch (MalformedException e) {
      throw new IllegalArgumentException("such a request is refused: " + e.problem(), e);
    }
    return head;
  }
}
