package io.weftmesh.policy.compile;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRoute;
import io.weftmesh.policy.model.Filter;
import io.weftmesh.policy.model.RouteRule;
import io.weftmesh.policy.model.RouteTable;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.model.ServicePortKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Routes of any content that has the right shape for Jackson. Whatever stands in one: it is read
 * and compiled, and what is wrong with a rule closes that rule. {@code
 * -Dweft.fuzz.rounds=100000000} for a long run.
 */
class RouteReaderFuzzTest {
  private static final int ROUNDS = Integer.getInteger("weft.fuzz.rounds", 30_000) / 3 + 1;
  private static final long SEED = Long.getLong("weft.fuzz.seed", 53);
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private static final ServicePortKey ECHO = new ServicePortKey("mesh", "echo", 80);
  private static final Map<ServiceKey, ServiceShape> SERVICES =
      Map.of(
          ECHO.service(),
          new ServiceShape(ServiceShape.Type.CLUSTER_IP, Set.of(80), Map.of("http", 80)));

  private static final String[] TEXTS = {
    "",
    "/",
    "/a",
    "a",
    "*",
    "*.example.com",
    "Exact",
    "PathPrefix",
    "RegularExpression",
    "(",
    "a|b",
    "(?:(?:a{1,100}){1,100})",
    "\\Q",
    "1s",
    "0s",
    "99999h",
    "http",
    "RequestRedirect",
    "URLRewrite",
    "CORS",
    "RequestMirror",
    "ReplacePrefixMatch",
    "ExtensionRef",
    "Service",
    "core",
    "echo",
    "gone",
    "\r\n",
    "\u0000",
    "\ud83d",
    "Content-Length",
    "GET",
  };

  private static final String HTTP =
      """
      {"metadata": {"name": "r", "namespace": "mesh"}, "spec": {
        "parentRefs": [{"group": "", "kind": "Service", "name": "echo", "port": 80}],
        "hostnames": ["a.example.com"],
        "rules": [{
          "matches": [{"path": {"type": "PathPrefix", "value": "/a"}, "method": "GET",
            "headers": [{"type": "Exact", "name": "a", "value": "b"}],
            "queryParams": [{"type": "RegularExpression", "name": "a", "value": "b+"}]}],
          "filters": [
            {"type": "RequestHeaderModifier", "requestHeaderModifier":
              {"set": [{"name": "a", "value": "b"}], "add": [{"name": "c", "value": "d"}], "remove": ["e"]}},
            {"type": "URLRewrite", "urlRewrite": {"hostname": "b", "path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/x"}}},
            {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "echo", "port": 80}, "fraction": {"numerator": 1, "denominator": 2}}},
            {"type": "CORS", "cors": {"allowOrigins": ["https://a"], "allowMethods": ["GET"], "maxAge": 7}}],
          "backendRefs": [{"name": "echo", "port": 80, "weight": 3}, {"name": "gone", "port": 80}],
          "timeouts": {"request": "2s", "backendRequest": "1s"},
          "retry": {"codes": [503], "attempts": 2, "backoff": "10ms"}},
         {"filters": [{"type": "RequestRedirect", "requestRedirect":
           {"scheme": "https", "hostname": "c", "port": 443, "statusCode": 301, "path": {"type": "ReplaceFullPath", "replaceFullPath": "/y"}}}]}]}}
      """;

  private static final String GRPC =
      """
      {"metadata": {"name": "r", "namespace": "mesh"}, "spec": {
        "parentRefs": [{"group": "", "kind": "Service", "name": "echo", "sectionName": "http"}],
        "rules": [{
          "matches": [{"method": {"type": "RegularExpression", "service": "a.*", "method": "b"},
            "headers": [{"name": "a", "value": "b"}]}],
          "filters": [{"type": "ResponseHeaderModifier", "responseHeaderModifier": {"remove": ["e"]}}],
          "backendRefs": [{"name": "echo", "port": 80}]}]}}
      """;

  @Test
  void whateverIsWrongWithARuleClosesIt() throws JsonProcessingException {
    int closed = 0;
    int open = 0;
    for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
      var random = new SplittableRandom(seed);
      boolean http = random.nextInt(3) > 0;
      JsonNode tree = MAPPER.readTree(http ? HTTP : GRPC);
      for (int changes = random.nextInt(4); changes > 0; changes--) {
        change(tree, random);
      }
      HasMetadata route;
      try {
        Class<? extends HasMetadata> type = http ? HTTPRoute.class : GRPCRoute.class;
        route = MAPPER.treeToValue(tree, type);
      } catch (JsonProcessingException wrongShape) {
        continue;
      }
      try {
        if (judge(RouteReader.read(route))) {
          closed++;
        } else {
          open++;
        }
      } catch (RuntimeException | Error failure) {
        throw new AssertionError("seed " + seed + ": " + tree, failure);
      }
    }
    assertThat(closed).isGreaterThan(ROUNDS / 20);
    assertThat(open).isGreaterThan(ROUNDS / 20);
  }

  /** Whether a rule of the route is closed. */
  private static boolean judge(Written<RouteSpec> route) {
    Compiled compiled =
        PolicyCompiler.compile(
            new PolicyObjects(List.of(route), List.of(), List.of(), List.of(), List.of()),
            SERVICES::get);
    boolean faulty = false;
    for (Problem problem : compiled.problems()) {
      assertThat(problem.field()).isNotBlank();
      faulty |=
          problem.reason() == Problem.Reason.UNSUPPORTED_VALUE
              || problem.reason() == Problem.Reason.INCOMPATIBLE_FILTERS;
    }
    assertThat(compiled.statuses())
        .singleElement()
        .satisfies(status -> assertThat(status.parents()).hasSameSizeAs(route.spec().parents()));
    if (!compiled.routes().containsKey(ECHO)) {
      return false;
    }
    boolean shut = false;
    for (RouteTable.Entry entry : compiled.routes().get(ECHO).producer().byPrecedence()) {
      RouteRule rule = entry.rule();
      shut |= !rule.filters().isEmpty() && rule.filters().getFirst() instanceof Filter.Unsupported;
    }
    assertThat(shut).as("%s", compiled.problems()).isEqualTo(faulty);
    return shut;
  }

  private static void change(JsonNode tree, SplittableRandom random) {
    List<JsonNode> inner = new ArrayList<>();
    gather(tree.path("spec"), inner);
    JsonNode chosen = inner.get(random.nextInt(inner.size()));
    if (chosen instanceof ObjectNode object) {
      List<String> names = new ArrayList<>();
      object.fieldNames().forEachRemaining(names::add);
      String name = names.isEmpty() ? "new" : names.get(random.nextInt(names.size()));
      switch (random.nextInt(6)) {
        case 0 -> object.remove(name);
        case 1 -> object.put("unheardOf", 1);
        case 2 -> object.putNull(name);
        case 3 -> object.put(name, random.nextInt(-2, 70_000));
        default -> object.put(name, TEXTS[random.nextInt(TEXTS.length)]);
      }
    } else if (chosen instanceof ArrayNode array) {
      switch (random.nextInt(4)) {
        case 0 -> array.removeAll();
        case 1 -> array.addNull();
        case 2 -> array.add(TEXTS[random.nextInt(TEXTS.length)]);
        default -> array.add(array.isEmpty() ? JSON.objectNode() : array.get(0).deepCopy());
      }
    }
  }

  private static void gather(JsonNode node, List<JsonNode> inner) {
    if (node.isContainerNode()) {
      inner.add(node);
      node.forEach(child -> gather(child, inner));
    }
  }
}
