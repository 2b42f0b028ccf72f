package io.weftmesh.proxy.admin.explain;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.policy.model.AccessDecision;
import io.weftmesh.policy.model.AccessRule;
import io.weftmesh.policy.model.AccessRule.From;
import io.weftmesh.policy.model.AccessRules;
import io.weftmesh.policy.model.AccessWork;
import io.weftmesh.policy.model.InboundMode;
import io.weftmesh.policy.model.InboundSecurity;
import io.weftmesh.policy.model.PathMatch;
import io.weftmesh.policy.model.Protocol;
import io.weftmesh.policy.model.RequestCondition;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.EndpointSet;
import io.weftmesh.proxy.routing.Destination.PodDestination;
import io.weftmesh.proxy.routing.Exclusions;
import io.weftmesh.proxy.routing.InboundCaller;
import io.weftmesh.proxy.routing.InboundPolicy;
import io.weftmesh.proxy.routing.PodLabels;
import io.weftmesh.proxy.routing.Security;
import io.weftmesh.proxy.routing.ServicePort;
import io.weftmesh.proxy.routing.Snapshot;
import io.weftmesh.proxy.routing.Workload;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is told of the policies at the pods behind a Service. */
class AccessTest {
  private static final ServicePortKey ECHO = new ServicePortKey("shop", "echo", 80);
  private static final From WEB = new From.Namespace("in", Optional.of("web"));

  private final List<AccessRule> rules = new ArrayList<>();
  private InboundSecurity security = InboundSecurity.DEFAULT;
  private boolean far;
  private boolean labelsKnown = true;
  private boolean outside;

  @Test
  void withoutPoliciesEverybodyMayCall() {
    assertThat(explain("in/web", "http://echo.shop/").toText())
        .contains(
            "access: 10.0.0.1:8080 of this node, decided in this process: admitted, no"
                + " AccessPolicy selects it")
        .contains("the caller is spiffe://cluster.local/ns/in/sa/web");
  }

  @Test
  void tellsWhichRuleAllowsAndWhyOthersDoNot() {
    rules.add(rule("no-admin[0]", false, false, List.of(), Set.of(), under("/admin")));
    rules.add(rule("access[0]", true, false, List.of(), Set.of(9000), List.of()));
    rules.add(rule("access[1]", true, false, List.of(WEB), Set.of(8080), List.of()));
    Explanation explanation = explain("in/web", "http://echo.shop/open");

    assertThat(explanation.outcome()).isInstanceOf(Outcome.Forwarded.class);
    assertThat(explanation.toText())
        .contains("admitted by AccessPolicy shop/access[1]")
        .contains(
            "not AccessPolicy shop/no-admin[0], Deny: it is about [GET, path under /admin/],"
                + " not GET /open")
        .contains("not AccessPolicy shop/access[0], Allow: it is about ports [9000], not 8080")
        .contains("met: AccessPolicy shop/access[1], Allow");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          # who    | what                        | status | why
          in/other | http://echo.shop/           | 403    | no rule allows it
          in/other | tcp://echo.shop:80          | 0      | no rule allows it
          out/any  | http://echo.shop/           | 0      | no rule allows it
          in/web   | http://echo.shop/admin/x    | 403    | by AccessPolicy shop/no-admin[0]
          in/web   | http://10.0.0.1:8080/admin  | 403    | by AccessPolicy shop/no-admin[0]
          in/web   | http://echo.shop/a/../admin | 403    | by AccessPolicy shop/no-admin[0]
          in/web   | tcp://echo.shop:80          | 0      | by AccessPolicy shop/no-admin[0]
          """)
  void tellsWhoIsDeniedAndWhatComesOfIt(String who, String what, int status, String why) {
    rules.add(rule("no-admin[0]", false, false, List.of(), Set.of(), under("/admin")));
    rules.add(rule("access[0]", true, false, List.of(WEB), Set.of(), List.of()));
    Explanation explanation = explain(who, what);

    assertThat(explanation.outcome())
        .isEqualTo(new Outcome.Answered(status, Optional.of("denied"), Map.of()));
    assertThat(explanation.toText()).contains("DENIED, " + why);
  }

  @Test
  void whatIsInDryRunIsMarkedAndDeniesNothing() {
    rules.add(rule("dry[0]", true, true, List.of(WEB), Set.of(), List.of()));
    Explanation explanation = explain("in/other", "http://echo.shop/");

    assertThat(explanation.outcome()).isInstanceOf(Outcome.Forwarded.class);
    assertThat(explanation.toText())
        .contains("admitted, and would be denied but for the dry run, no rule allows it")
        .contains(
            "dry run: not AccessPolicy shop/dry[0], Allow: it is about callers from [namespace"
                + " in service account web], not spiffe://cluster.local/ns/in/sa/other");
  }

  @Test
  void aPodThatIsStrictAdmitsNobodyWithoutAnIdentity() {
    security = new InboundSecurity(InboundMode.STRICT, Map.of(), security.withoutIdentity());

    assertThat(explain("out/any", "http://echo.shop/").toText())
        .contains("DENIED, port 8080 is STRICT and the connection came without an identity")
        .contains("the caller has no identity: out/any is not known here as a pod of the mesh")
        .endsWith("=> the connection is reset: denied\n");
  }

  @Test
  void ofAPodElsewhereItsOwnNodeDecides() {
    far = true;
    rules.add(rule("access[0]", true, false, List.of(WEB), Set.of(), List.of()));

    assertThat(explain("in/other", "http://echo.shop/").toText())
        .contains("10.0.0.1:8080 of another node, which decides by the same objects: DENIED");
  }

  @Test
  void ofAPodThatIsNotKnownHereRulesOfItsNamespaceAreToldAsFarAsTheyHoldForAll() {
    far = true;
    labelsKnown = false;
    rules.add(rule("access[0]", true, false, List.of(WEB), Set.of(), List.of()));
    rules.add(
        new AccessRule(
            "AccessPolicy shop/some[0]",
            false,
            false,
            Map.of("app", "echo"),
            List.of(),
            Set.of(),
            List.of()));

    assertThat(explain("in/web", "http://echo.shop/").toText())
        .contains("of another node, which decides; its labels are not known here: admitted by")
        .contains("perhaps AccessPolicy shop/some[0]: it selects pods with {app=echo}");
  }

  @Test
  void aPodElsewhereThatTheCaDoesNotKnowIsAskedForNothing() {
    far = true;
    labelsKnown = false;
    outside = true;
    rules.add(rule("access[0]", true, false, List.of(WEB), Set.of(), List.of()));
    Explanation explanation = explain("in/other", "http://echo.shop/");

    assertThat(explanation.outcome()).isInstanceOf(Outcome.Forwarded.class);
    assertThat(explanation.toText()).contains("10.0.0.1:8080 not in the mesh: no policy is asked");
  }

  @Test
  void aPodOutsideTheMeshIsAskedForNothing() {
    Snapshot snapshot = builder().build();

    assertThat(explain(snapshot, "in/web", "http://echo.shop/").toText())
        .contains("10.0.0.1:8080 not in the mesh: no policy is asked");
  }

  @Test
  void isWrittenAsJson() {
    rules.add(rule("access[0]", true, false, List.of(WEB), Set.of(), List.of()));

    assertThat(explain("in/other", "http://echo.shop/").toJson())
        .contains("\"subject\" : \"access\"")
        .contains("not AccessPolicy shop/access[0], Allow")
        .contains("\"status\" : 403")
        .contains("\"error\" : \"denied\"");
  }

  /** Whatever is told of a rule agrees with what it does. */
  @Test
  void aRuleIsMetWhenNothingIsToldAgainstIt() {
    List<AccessRule> all =
        List.of(
            rule("a", true, false, List.of(WEB), Set.of(), List.of()),
            rule("b", true, false, List.of(), Set.of(8080), under("/admin")),
            rule("c", false, false, List.of(), Set.of(), under("/admin")),
            rule("d", true, false, List.of(), Set.of(9000), List.of()));
    InboundCaller web = caller("web");
    InboundCaller other = caller("other");
    for (AccessRule rule : all) {
      InboundPolicy policy =
          new InboundPolicy(
              security, new AccessRules(List.of(rule), Map.of()).ofAll("shop"), List.of());
      for (InboundCaller caller : List.of(web, other, InboundCaller.plain(false))) {
        for (AccessWork work : List.of(AccessWork.CONNECTION, AccessWork.BYTES)) {
          boolean met = rule.unmet(caller.identity(), 8080, work) == null;
          assertThat(policy.decide(caller, 8080, work) instanceof AccessDecision.Allow)
              .as("%s %s %s", rule, caller, work)
              .isEqualTo(met == rule.allow());
        }
      }
    }
  }

  private static InboundCaller caller(String account) {
    return InboundCaller.identified(
        SpiffeId.workload("cluster.local", "in", account), Security.MTLS);
  }

  private static List<RequestCondition> under(String prefix) {
    return List.of(
        new RequestCondition(Set.of("GET"), Optional.of(new PathMatch.Prefix(prefix)), List.of()));
  }

  private static AccessRule rule(
      String name,
      boolean allow,
      boolean dryRun,
      List<From> from,
      Set<Integer> ports,
      List<RequestCondition> http) {
    return new AccessRule("AccessPolicy shop/" + name, allow, dryRun, Map.of(), from, ports, http);
  }

  private Explanation explain(String from, String to) {
    AccessRules access = new AccessRules(List.of(), Map.of("shop", rules));
    InboundPolicy policy = new InboundPolicy(security, access.of("shop", Map.of()), List.of());
    Snapshot.Builder builder = builder().access(access);
    Workload echo = pod("shop", "echo", "10.0.0.1");
    if (!labelsKnown) {
      builder.pod(new PodDestination(InetAddress.ofLiteral("10.0.0.1"), "shop", "", "uid-echo"));
    } else if (far) {
      builder.farPod(echo, policy);
    } else {
      builder.localPod(echo, policy);
    }
    return explain(builder.build(), from, to);
  }

  private Explanation explain(Snapshot snapshot, String from, String to) {
    String[] who = from.split("/", 2);
    return new Explanations(
            () -> snapshot,
            "cluster.local",
            new TestPeers("mtls by the test", outside),
            PodLabels.NONE,
            (backend, endpoints) -> List.of())
        .explain(new Question(who[0], who[1], "GET", URI.create(to), Map.of()));
  }

  private static Snapshot.Builder builder() {
    InboundPolicy open =
        new InboundPolicy(InboundSecurity.DEFAULT, AccessRules.NONE.ofAll("in"), List.of());
    return new Snapshot.Builder(1)
        .servicePort(
            new ServicePort(ECHO, "http", Protocol.AUTO, Duration.ZERO),
            List.of(InetAddress.ofLiteral("10.96.0.1")),
            EndpointSet.of(
                List.of(
                    new Endpoint(
                        new InetSocketAddress(InetAddress.ofLiteral("10.0.0.1"), 8080),
                        "uid-echo",
                        null,
                        null))),
            EndpointSet.empty(),
            null)
        .localPod(pod("in", "web", "10.0.0.8"), open)
        .localPod(pod("in", "other", "10.0.0.9"), open);
  }

  private static Workload pod(String namespace, String name, String address) {
    return new Workload(
        "uid-" + name,
        namespace,
        name,
        name,
        name,
        "node-1",
        List.of(InetAddress.ofLiteral(address)),
        Map.of(),
        Exclusions.NONE,
        List.of());
  }
}
