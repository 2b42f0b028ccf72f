package io.weftmesh.policy.compile;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.weftmesh.policy.manifest.ManifestText;
import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.Filter;
import io.weftmesh.policy.model.Filter.HeaderChange;
import io.weftmesh.policy.model.Filter.HeaderValue;
import io.weftmesh.policy.model.PathChange;
import io.weftmesh.policy.model.PathMatch;
import io.weftmesh.policy.model.Protocol;
import io.weftmesh.policy.model.RequestHead;
import io.weftmesh.policy.model.RouteSets;
import io.weftmesh.policy.model.RouteTable;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.policy.model.WeightedBackend;
import io.weftmesh.policy.model.WeightedDraw;
import io.weftmesh.policy.v1alpha1.AccessPolicy;
import io.weftmesh.policy.v1alpha1.MeshSecurity;
import io.weftmesh.policy.v1alpha1.TrafficPolicy;
import io.weftmesh.policy.v1alpha1.TrafficShift;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The Services of Gateway API's mesh conformance suite, routes as text, and what becomes of a
 * request as text.
 */
final class RouteFixture {
  private static final Map<String, Integer> PORTS =
      Map.of("http", 80, "http-alt", 8080, "https", 443, "tcp", 9090, "grpc", 7070);

  private static final ServiceShape ECHO =
      new ServiceShape(ServiceShape.Type.CLUSTER_IP, Set.copyOf(PORTS.values()), PORTS);

  private static final Map<ServiceKey, ServiceShape> SERVICES =
      Map.of(
          new ServiceKey("mesh", "echo"),
          ECHO,
          new ServiceKey("mesh", "echo-v1"),
          ECHO,
          new ServiceKey("mesh", "echo-v2"),
          ECHO,
          new ServiceKey("other", "far"),
          ECHO,
          new ServiceKey("mesh", "db"),
          new ServiceShape(
              ServiceShape.Type.CLUSTER_IP,
              Set.of(5432, 5433, 80),
              Map.of("tcp", 5432, "tls", 5433, "http", 80),
              Map.of(5432, Protocol.TCP, 5433, Protocol.TLS, 80, Protocol.HTTP)),
          new ServiceKey("mesh", "headless"),
          new ServiceShape(ServiceShape.Type.HEADLESS, Set.of(80)),
          new ServiceKey("mesh", "external"),
          new ServiceShape(ServiceShape.Type.EXTERNAL_NAME, Set.of()));

  private RouteFixture() {}

  /** What is in force when these objects are written. */
  static Compiled compile(String... manifests) {
    ManifestText text = ManifestText.read(String.join("---\n", manifests));
    return PolicyCompiler.compile(
        new PolicyObjects(
            text.objects().stream().filter(RouteReader::reads).map(RouteReader::read).toList(),
            text.of(TrafficShift.class).stream().map(Written::of).toList(),
            text.of(TrafficPolicy.class).stream().map(Written::of).toList(),
            text.of(MeshSecurity.class).stream().map(Written::of).toList(),
            text.of(AccessPolicy.class).stream().map(Written::of).toList()),
        SERVICES::get);
  }

  /** The objects of a text, for the reader alone. */
  static List<HasMetadata> objects(String text) {
    return ManifestText.read(text).objects();
  }

  /** A route in namespace mesh; {@code spec} begins at the left edge. */
  static String route(String kind, String name, String spec) {
    return """
    apiVersion: gateway.networking.k8s.io/%s
    kind: %s
    metadata: {name: %s, namespace: mesh}
    spec:
    """
            .formatted(kind.equals("TCPRoute") ? "v1alpha2" : "v1", kind, name)
        + spec.indent(2);
  }

  /** An {@code HTTPRoute} at {@code echo}, port 80, whose rules are given as a YAML list. */
  static String http(String rules) {
    return route("HTTPRoute", "r", parent("name: echo, port: 80") + "rules:\n" + rules);
  }

  /** One parent that is a Service. */
  static String parent(String fields) {
    return "parentRefs: [{group: \"\", kind: Service, " + fields + "}]\n";
  }

  /**
   * What happens to a request.
   *
   * @param where {@code 80}, {@code echo-v1:80}, and perhaps a client's namespace behind it
   * @param request {@code GET /path?query name:value ...}
   */
  static String outcome(Compiled compiled, String where, String request) {
    Request head = Request.of(request);
    RouteTable.Entry entry = table(compiled, where).match(head);
    if (entry == null) {
      return "404";
    }
    List<String> parts = new ArrayList<>();
    PathMatch.Prefix prefix =
        entry.match().path().orElse(null) instanceof PathMatch.Prefix matched
            ? matched
            : new PathMatch.Prefix("/");
    entry.rule().filters().forEach(filter -> parts.add(text(filter, head.path(), prefix)));
    parts.add(text(entry.rule().backends(), head.path(), prefix));
    return String.join(" ", parts);
  }

  /** The table for a client; that of the Service's own endpoints if nothing is said of it. */
  static RouteTable table(Compiled compiled, String where) {
    String[] words = where.split(" ", -1);
    String port = words[0].contains(":") ? words[0] : "echo:" + words[0];
    ServicePortKey key =
        new ServicePortKey(
            "mesh",
            port.substring(0, port.indexOf(':')),
            Integer.parseInt(port.substring(port.indexOf(':') + 1)));
    RouteSets sets = compiled.routes().get(key);
    if (sets == null) {
      throw new AssertionError("nothing is said of " + key + ": " + compiled.problems());
    }
    return sets.of(words.length > 1 ? words[1] : "mesh");
  }

  static String text(WeightedDraw draw) {
    return text(draw, "/", new PathMatch.Prefix("/"));
  }

  private static String text(WeightedDraw draw, String path, PathMatch.Prefix prefix) {
    return draw.backends().stream()
        .map(backend -> text(backend, draw.backends().size() > 1, path, prefix))
        .collect(Collectors.joining(" "));
  }

  private static String text(
      WeightedBackend backend, boolean several, String path, PathMatch.Prefix prefix) {
    String filters =
        backend.filters().stream()
            .map(filter -> text(filter, path, prefix) + ">")
            .collect(Collectors.joining());
    return filters + text(backend.backend()) + (several ? "*" + backend.weight() : "");
  }

  private static String text(Backend backend) {
    return switch (backend) {
      case Backend.Service service -> service.toString().replace("mesh/", "");
      case Backend.Unresolvable nowhere -> "500";
    };
  }

  private static String text(Filter filter, String path, PathMatch.Prefix prefix) {
    return switch (filter) {
      case HeaderChange change ->
          change.subject().name().toLowerCase(Locale.ROOT)
              + "("
              + values("=", change.set())
              + values("+", change.add())
              + change.remove().stream().map(name -> "-" + name).collect(Collectors.joining())
              + ")";
      case Filter.Redirect redirect ->
          redirect.status()
              + "("
              + redirect.scheme().orElse("")
              + "://"
              + redirect.hostname().orElse("")
              + (redirect.port().isPresent() ? ":" + redirect.port().getAsInt() : "")
              + changed(redirect.path(), path, prefix)
              + ")";
      case Filter.Rewrite rewrite ->
          "rewrite(" + rewrite.hostname().orElse("") + changed(rewrite.path(), path, prefix) + ")";
      case Filter.Mirror mirror ->
          "mirror("
              + text(mirror.backend())
              + " "
              + mirror.numerator()
              + "/"
              + mirror.denominator()
              + ")";
      case Filter.Cors cors -> "cors" + cors.allowOrigins();
      case Filter.Unsupported unsupported -> "unsupported";
    };
  }

  private static String changed(Optional<PathChange> change, String path, PathMatch.Prefix prefix) {
    return change.map(it -> it.apply(path, prefix)).orElse("");
  }

  private static String values(String sign, List<HeaderValue> values) {
    return values.stream()
        .map(value -> value.name() + sign + value.value() + ";")
        .collect(Collectors.joining());
  }

  /** A request written in one line. */
  private record Request(String method, String path, String query, Map<String, String> headers)
      implements RequestHead {
    static Request of(String text) {
      String[] words = text.split(" ", -1);
      String[] target = words[1].split("\\?", 2);
      Map<String, String> headers = new HashMap<>();
      for (int i = 2; i < words.length; i++) {
        headers.put(
            words[i].substring(0, words[i].indexOf(':')),
            words[i].substring(words[i].indexOf(':') + 1));
      }
      return new Request(words[0], target[0], target.length == 1 ? "" : target[1], headers);
    }

    @Override
    public String authority() {
      return headers.getOrDefault("host", "echo");
    }

    @Override
    public @Nullable String header(String name) {
      return headers.get(name);
    }
  }
}
