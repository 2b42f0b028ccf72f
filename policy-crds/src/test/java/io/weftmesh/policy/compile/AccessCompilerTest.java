package io.weftmesh.policy.compile;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.manifest.ManifestText;
import io.weftmesh.policy.model.AccessCaller;
import io.weftmesh.policy.model.AccessDecision;
import io.weftmesh.policy.model.AccessRules;
import io.weftmesh.policy.model.AccessWork;
import io.weftmesh.policy.model.RequestHead;
import io.weftmesh.policy.v1alpha1.AccessPolicy;
import io.weftmesh.policy.v1alpha1.AccessPolicySpec;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AccessCompilerTest {
  private static final Map<String, String> WEB = Map.of("app", "web", "tier", "front");
  private static final String DENIED = "AccessPolicy shop/p0[0]";

  private final Set<Problem> problems = new LinkedHashSet<>();
  private final List<Written<AccessPolicySpec>> written = new ArrayList<>();

  @Test
  void whereNothingIsSaidEverybodyMayCall() {
    assertThat(decide(null, 8080, AccessWork.BYTES)).isEqualTo(AccessDecision.ALLOW);
    assertThat(rules().of("shop", WEB).needsRequests(80)).isFalse();
  }

  /** One rule that denies: whom, where, what. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {}                                                            | none     | 8080 | denied
          {}                                                            | shop/web | 8080 | denied
          {ports: [8080, 9090]}                                         | shop/web | 9090 | denied
          {ports: [8080]}                                               | shop/web | 8081 | allowed
          {from: [{namespace: shop}]}                                   | shop/web | 8080 | denied
          {from: [{namespace: shop}]}                                   | pay/web  | 8080 | allowed
          {from: [{namespace: shop}]}                                   | none     | 8080 | allowed
          {from: [{namespace: shop, serviceAccount: web}]}              | shop/web | 8080 | denied
          {from: [{namespace: shop, serviceAccount: web}]}              | shop/api | 8080 | allowed
          {from: [{namespace: shop, serviceAccount: web}]}              | pay/web  | 8080 | allowed
          {from: [{namespace: pay}, {namespace: shop}]}                 | shop/web | 8080 | denied
          {from: [{identity: 'spiffe://mesh/ns/shop/sa/web'}]}          | shop/web | 8080 | denied
          {from: [{identity: 'spiffe://mesh/ns/shop/sa/we'}]}           | shop/web | 8080 | allowed
          {from: [{identity: 'spiffe://other/ns/shop/sa/web'}]}         | shop/web | 8080 | allowed
          {from: [{namespace: shop}], ports: [80]}                      | shop/web | 8080 | allowed
          """)
  void aDenyIsMetByThoseItNames(String rule, String caller, int port, String expected) {
    policy("action: Deny\nrules: [" + rule + "]");

    assertThat(decide(caller(caller), port, AccessWork.CONNECTION))
        .isEqualTo(
            expected.equals("denied") ? new AccessDecision.Deny(DENIED) : AccessDecision.ALLOW);
  }

  @ParameterizedTest
  @CsvSource({"shop/web, 8080, true", "shop/api, 8080, false", "none, 8080, false"})
  void withAnyAllowAllElseIsDenied(String caller, int port, boolean allowed) {
    policy("action: Allow\nrules: [{from: [{namespace: shop, serviceAccount: web}]}]");
    policy("action: Allow\nrules: [{ports: [9090]}]");

    assertThat(decide(caller(caller), port, AccessWork.CONNECTION))
        .isEqualTo(allowed ? AccessDecision.ALLOW : new AccessDecision.Deny("no rule allows it"));
    assertThat(decide(caller(caller), 9090, AccessWork.CONNECTION)).isEqualTo(AccessDecision.ALLOW);
  }

  @Test
  void denyWinsOverAllow() {
    policy("action: Deny\nrules: [{ports: [1]}, {from: [{namespace: shop}]}]");
    policy("action: Allow\nrules: [{}]");

    assertThat(decide(caller("shop/web"), 8080, AccessWork.BYTES))
        .isEqualTo(new AccessDecision.Deny("AccessPolicy shop/p0[1]"));
    assertThat(decide(caller("pay/web"), 8080, AccessWork.BYTES)).isEqualTo(AccessDecision.ALLOW);
  }

  @Test
  void holdsForThePodsThatItSelectsInItsNamespace() {
    policy("selector: {matchLabels: {app: web}}\naction: Deny\nrules: [{}]");

    assertThat(decision("shop", WEB)).isInstanceOf(AccessDecision.Deny.class);
    assertThat(decision("shop", Map.of("app", "api"))).isEqualTo(AccessDecision.ALLOW);
    assertThat(decision("pay", WEB)).isEqualTo(AccessDecision.ALLOW);
  }

  @Test
  void ofTheMeshsOwnNamespaceHoldsEverywhereAndIsNotOverridden() {
    policy("weft-system", "selector: {matchLabels: {tier: front}}\naction: Deny\nrules: [{}]");
    policy("action: Allow\nrules: [{}]");

    assertThat(decision("shop", WEB)).isInstanceOf(AccessDecision.Deny.class);
    assertThat(decision("pay", WEB)).isInstanceOf(AccessDecision.Deny.class);
    assertThat(decision("pay", Map.of())).isEqualTo(AccessDecision.ALLOW);
  }

  /** What a rule about requests says, as Deny and as Allow. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {methods: [DELETE, PUT]}                           | DELETE | /a             |    | met
          {methods: [DELETE]}                                | GET    | /a             |    | not
          {methods: [DELETE]}                                | delete | /a             |    | not
          {path: {exact: /admin}}                            | GET    | /admin         |    | met
          {path: {exact: /admin}}                            | GET    | /admin/        |    | not
          {path: {prefix: /admin}}                           | GET    | /admin         |    | met
          {path: {prefix: /admin}}                           | GET    | /admin/x       |    | met
          {path: {prefix: /admin}}                           | GET    | /administrator |    | not
          {path: {prefix: /admin}}                           | GET    | /x%20y         |    | not
          {path: {prefix: /admin}}                           | GET    | /caf%C3%A9     |    | not
          {path: {prefix: /admin}}                           | GET    | /%61dmin       |    | unknown
          {path: {prefix: /admin}}                           | GET    | //admin        |    | unknown
          {path: {prefix: /admin}}                           | GET    | /x/../admin    |    | unknown
          {path: {prefix: /admin}}                           | GET    | /x%2f..%2Fadmin|    | unknown
          {path: {prefix: /admin}}                           | GET    | /admin;x=1     |    | unknown
          {path: {prefix: /admin}}                           | GET    | /x/..          |    | unknown
          {path: {prefix: /admin}}                           | GET    | /\\admin       |    | unknown
          {path: {prefix: /admin}}                           | GET    | /x%            |    | unknown
          {path: {prefix: /admin}}                           | GET    | *              |    | unknown
          {headers: [{name: X-Who, value: me}]}              | GET    | /a             | me | met
          {headers: [{name: X-Who, value: me}]}              | GET    | /a             | Me | not
          {headers: [{name: X-Who, value: me}]}              | GET    | /a             |    | not
          {headers: [{name: X-Who, value: me}]}              | GET    | /a             | you,me | unknown
          {headers: [{name: X-Who, value: me}]}              | GET    | /a             | me,you | unknown
          {headers: [{name: X-Who, value: me}]}              | GET    | /a             | you,them | not
          {methods: [GET], path: {exact: /a}}                | POST   | /a             |    | not
          {methods: [GET], path: {exact: /a}}                | POST   | //a            |    | not
          {methods: [GET], path: {exact: /a}}                | GET    | /a             |    | met
          """)
  void requestsAreToldApart(
      String http, String method, String path, @Nullable String who, String expected) {
    var request =
        new AccessWork.Request(
            new Head(method, path, who == null ? Map.of() : Map.of("x-who", who)));
    policy("action: Deny\nrules: [{http: [" + http + "]}]");
    policy("apart", "action: Allow\nrules: [{http: [" + http + "]}]");

    AccessDecision deny = rules().of("shop", WEB).decide(null, 80, request);
    AccessDecision allow = rules().of("apart", WEB).decide(null, 80, request);

    assertThat(deny)
        .isEqualTo(expected.equals("not") ? AccessDecision.ALLOW : new AccessDecision.Deny(DENIED));
    assertThat(allow)
        .isEqualTo(
            expected.equals("met")
                ? AccessDecision.ALLOW
                : new AccessDecision.Deny("no rule allows it"));
  }

  @Test
  void aConnectionMayBeOpenedWhereItsRequestsWillBeAskedOneByOne() {
    policy("action: Deny\nrules: [{http: [{path: {prefix: /admin}}]}]");
    policy("action: Allow\nrules: [{http: [{methods: [GET]}]}]");

    assertThat(rules().of("shop", WEB).needsRequests(80)).isTrue();
    assertThat(decide(null, 80, AccessWork.CONNECTION)).isEqualTo(AccessDecision.ALLOW);
  }

  @Test
  void bytesThatNobodyUnderstandsMeetNoAllowAndEveryDenyOfRequests() {
    policy("action: Deny\nrules: [{ports: [80], http: [{methods: [GET]}]}]");
    policy("action: Allow\nrules: [{ports: [80]}, {ports: [81], http: [{methods: [GET]}]}]");

    assertThat(decide(null, 80, AccessWork.BYTES)).isEqualTo(new AccessDecision.Deny(DENIED));
    assertThat(decide(null, 81, AccessWork.BYTES))
        .isEqualTo(new AccessDecision.Deny("no rule allows it"));
  }

  @Test
  void aDryRunOnlyTellsWhatItWouldDeny() {
    policy("action: Deny\ndryRun: true\nrules: [{from: [{namespace: shop}]}]");

    assertThat(decide(caller("shop/web"), 80, AccessWork.BYTES))
        .isEqualTo(new AccessDecision.DryRunDeny(DENIED));
    assertThat(decide(caller("pay/web"), 80, AccessWork.BYTES)).isEqualTo(AccessDecision.ALLOW);
  }

  @Test
  void anAllowInDryRunTellsWhomItWouldLeaveOut() {
    policy("action: Allow\ndryRun: true\nrules: [{from: [{namespace: shop}]}]");

    assertThat(decide(caller("pay/web"), 80, AccessWork.BYTES))
        .isEqualTo(new AccessDecision.DryRunDeny("no rule allows it"));
    assertThat(decide(caller("shop/web"), 80, AccessWork.BYTES)).isEqualTo(AccessDecision.ALLOW);
  }

  @Test
  void anAllowInDryRunBesideOneInForceWouldDenyNobodyMore() {
    policy("action: Allow\nrules: [{from: [{namespace: pay}]}]");
    policy("action: Allow\ndryRun: true\nrules: [{from: [{namespace: shop}]}]");

    assertThat(decide(caller("pay/web"), 80, AccessWork.BYTES)).isEqualTo(AccessDecision.ALLOW);
    assertThat(decide(caller("shop/web"), 80, AccessWork.BYTES))
        .isInstanceOf(AccessDecision.Deny.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {rules: [{}]}                                                         | spec.action is missing
          {action: Allow}                                                       | spec.rules is missing
          {action: Allow, rules: []}                                            | spec.rules is empty
          {action: Allow, rules: [{from: []}]}                                  | spec.rules[0].from is empty
          {action: Allow, rules: [{}, {ports: []}]}                             | spec.rules[1].ports is empty
          {action: Allow, rules: [{http: []}]}                                  | spec.rules[0].http is empty
          {action: Allow, rules: [{from: [{}]}]}                                | spec.rules[0].from[0] expected either identity, or namespace
          {action: Allow, rules: [{from: [{serviceAccount: a}]}]}               | spec.rules[0].from[0] expected either identity, or namespace
          {action: Allow, rules: [{from: [{identity: 'spiffe://a/b', namespace: c}]}]} | spec.rules[0].from[0] expected either identity, or namespace
          {action: Allow, rules: [{from: [{identity: web}]}]}                   | spec.rules[0].from[0].identity is "web", expected a SPIFFE ID
          {action: Allow, rules: [{from: [{namespace: ' '}]}]}                  | spec.rules[0].from[0].namespace is missing
          {action: Allow, rules: [{from: [{namespace: a, serviceAccount: ''}]}]} | spec.rules[0].from[0].serviceAccount is missing
          {action: Allow, rules: [{ports: [0]}]}                                | spec.rules[0].ports[0] is 0, expected 1 to 65535
          {action: Allow, rules: [{http: [{}]}]}                                | spec.rules[0].http[0] says nothing
          {action: Deny, rules: [{http: [{methods: [get]}]}]}                   | spec.rules[0].http[0].methods[0] is "get", expected capitals
          {action: Deny, rules: [{http: [{methods: []}]}]}                      | spec.rules[0].http[0].methods is empty
          {action: Deny, rules: [{http: [{path: {}}]}]}                         | spec.rules[0].http[0].path expected exactly one of exact and prefix
          {action: Deny, rules: [{http: [{path: {exact: /a, prefix: /a}}]}]}    | spec.rules[0].http[0].path expected exactly one of exact and prefix
          {action: Deny, rules: [{http: [{path: {prefix: admin}}]}]}            | spec.rules[0].http[0].path is "admin", expected a plain path
          {action: Deny, rules: [{http: [{path: {prefix: '//a'}}]}]}            | spec.rules[0].http[0].path is "//a", expected a plain path
          {action: Deny, rules: [{http: [{path: {exact: /a%20b}}]}]}            | spec.rules[0].http[0].path is "/a%20b", expected a plain path
          {action: Deny, rules: [{http: [{headers: [{name: a}]}]}]}             | spec.rules[0].http[0].headers[0].value is missing
          {action: Allow, selector: {matchLabels: {}}, rules: [{}]}             | spec.selector.matchLabels is empty
          """)
  void aPolicyThatMakesNoSenseDeniesAllThatItMayBeAbout(String spec, String message) {
    policy("shop", spec);

    AccessDecision decision = decide(caller("shop/web"), 8080, AccessWork.CONNECTION);

    assertThat(problems)
        .singleElement()
        .satisfies(problem -> assertThat(problem.message()).startsWith(message).contains("denied"));
    assertThat(decision).isEqualTo(new AccessDecision.Deny("AccessPolicy shop/p0"));
    assertThat(decision("pay", WEB)).isEqualTo(AccessDecision.ALLOW);
  }

  @Test
  void aBrokenPolicyInDryRunOnlyTellsAndASelectorThatIsFitStaysInForce() {
    policy("selector: {matchLabels: {app: web}}\naction: Deny\ndryRun: true\nrules: []");

    assertThat(decision("shop", WEB))
        .isEqualTo(new AccessDecision.DryRunDeny("AccessPolicy shop/p0"));
    assertThat(decision("shop", Map.of())).isEqualTo(AccessDecision.ALLOW);
  }

  @ParameterizedTest
  @ValueSource(strings = {"rules", "from"})
  void listsAreBounded(String list) {
    policy(
        list.equals("rules")
            ? "action: Deny\nrules: [" + "{}, ".repeat(64) + "{}]"
            : "action: Deny\nrules: [{from: [" + "{namespace: a}, ".repeat(65) + "]}]");

    rules();

    assertThat(problems)
        .singleElement()
        .satisfies(
            problem -> assertThat(problem.what()).isEqualTo("has 65 entries, expected at most 64"));
  }

  private void policy(String spec) {
    policy("shop", spec);
  }

  private void policy(String namespace, String spec) {
    String manifest =
        """
        apiVersion: policy.weftmesh.io/v1alpha1
        kind: AccessPolicy
        metadata: {name: pCOUNT, namespace: NAMESPACE}
        spec:
        """
                .replace("COUNT", String.valueOf(written.size()))
                .replace("NAMESPACE", namespace)
            + spec.indent(2);
    written.add(Written.of(ManifestText.read(manifest).of(AccessPolicy.class).getFirst()));
  }

  private AccessRules rules() {
    return AccessCompiler.compile(written, problems);
  }

  private AccessDecision decide(@Nullable AccessCaller caller, int port, AccessWork work) {
    return rules().of("shop", WEB).decide(caller, port, work);
  }

  private AccessDecision decision(String namespace, Map<String, String> labels) {
    return rules().of(namespace, labels).decide(null, 80, AccessWork.BYTES);
  }

  private static @Nullable AccessCaller caller(String text) {
    if (text.equals("none")) {
      return null;
    }
    String[] parts = text.split("/", 2);
    return new AccessCaller("spiffe://mesh/ns/" + parts[0] + "/sa/" + parts[1], parts[0], parts[1]);
  }

  private record Head(String method, String path, Map<String, String> headers)
      implements RequestHead {
    @Override
    public String query() {
      return "";
    }

    @Override
    public String authority() {
      return "";
    }

    @Override
    public @Nullable String header(String name) {
      return headers.get(name);
    }
  }
}
