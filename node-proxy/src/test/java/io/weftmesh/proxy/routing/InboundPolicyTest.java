package io.weftmesh.proxy.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.policy.model.AccessDecision;
import io.weftmesh.policy.model.AccessRule;
import io.weftmesh.policy.model.AccessRules;
import io.weftmesh.policy.model.AccessWork;
import io.weftmesh.policy.model.InboundMode;
import io.weftmesh.policy.model.InboundSecurity;
import io.weftmesh.policy.model.RequestHead;
import io.weftmesh.policy.model.WithoutIdentity;
import io.weftmesh.policy.model.WorkloadAccess;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InboundPolicyTest {
  private static final SpiffeId PEER = SpiffeId.workload("cluster.local", "shop", "web");
  private static final Probe HTTP = new Probe.HttpGet(8080, "/healthz", false);
  private static final Probe GRPC = new Probe.GrpcHealth(7070, "");

  /** Port 9090 has the mode that the pod has not. */
  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          PERMISSIVE, PLAINTEXT, false, 8080, Admit
          PERMISSIVE, PLAINTEXT, true,  8080, Admit
          PERMISSIVE, MTLS,      false, 8080, Admit
          PERMISSIVE, PLAINTEXT, false, 9090, Refuse
          PERMISSIVE, MTLS,      false, 9090, Admit
          STRICT,     PLAINTEXT, false, 8080, Refuse
          STRICT,     MTLS,      false, 8080, Admit
          STRICT,     SAME_NODE, false, 8080, Admit
          STRICT,     PLAINTEXT, true,  8080, AdmitAsProbe
          STRICT,     PLAINTEXT, true,  7070, AdmitAsProbe
          STRICT,     PLAINTEXT, true,  443,  Refuse
          STRICT,     PLAINTEXT, false, 9090, Admit
          """)
  void decides(InboundMode mode, Security security, boolean fromNode, int port, String expected) {
    InboundMode other = mode == InboundMode.STRICT ? InboundMode.PERMISSIVE : InboundMode.STRICT;
    InboundPolicy policy = policy(mode, Map.of(9090, other));
    InboundCaller caller =
        security == Security.PLAINTEXT
            ? InboundCaller.plain(fromNode)
            : InboundCaller.identified(PEER, security);

    InboundDecision decision = policy.decide(caller, port);

    assertThat(decision.getClass().getSimpleName()).isEqualTo(expected);
  }

  @Test
  void aProbeIsAdmittedAsWhatThePodDeclaresForThePort() {
    InboundDecision decision =
        policy(InboundMode.STRICT, Map.of()).decide(InboundCaller.plain(true), 8080);

    assertThat(decision).isEqualTo(new InboundDecision.AdmitAsProbe(List.of(HTTP)));
  }

  @Test
  void aPodOfTheNodeWithoutAnIdentityIsNotTakenForOneWithIt() {
    InboundDecision decision =
        policy(InboundMode.STRICT, Map.of())
            .decide(new InboundCaller(null, Security.SAME_NODE, false), 8080);

    assertThat(decision)
        .isInstanceOfSatisfying(
            InboundDecision.Refuse.class,
            refused -> assertThat(refused.reason()).contains("8080", "STRICT"));
  }

  /** One rule that denies callers without an identity something; probes are for 8080 and 7070. */
  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          PLAINTEXT, false, 8080, Deny
          PLAINTEXT, true,  8080, AdmitAsProbe
          PLAINTEXT, true,  7070, AdmitAsProbe
          PLAINTEXT, true,  9090, Deny
          MTLS,      false, 8080, Admit
          MTLS,      true,  8080, Admit
          SAME_NODE, false, 8080, Admit
          """)
  void deniesByAccessButNeverADeclaredProbe(
      Security security, boolean fromNode, int port, String expected) {
    AccessRule webOnly = allow(List.of(new AccessRule.From.Namespace("shop", Optional.empty())));
    InboundCaller caller =
        security == Security.PLAINTEXT
            ? InboundCaller.plain(fromNode)
            : InboundCaller.identified(PEER, security);

    InboundDecision decision = policy(webOnly).decide(caller, port);

    assertThat(decision.getClass().getSimpleName()).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          true,  8080, GET,  /healthz,                      Allow
          true,  8080, GET,  /healthz?deep=1,               Deny
          true,  8080, POST, /healthz,                      Deny
          true,  8080, GET,  /,                             Deny
          true,  9090, GET,  /healthz,                      Deny
          false, 8080, GET,  /healthz,                      Deny
          true,  7070, POST, /grpc.health.v1.Health/Check,  Allow
          true,  7070, POST, /grpc.health.v1.Health/Watch,  Deny
          true,  8080, POST, /grpc.health.v1.Health/Check,  Deny
          """)
  void deniesRequestsButNeverADeclaredProbe(
      boolean fromNode, int port, String method, String target, String expected) {
    InboundPolicy policy = policy(allow(List.of(new AccessRule.From.Identity("nobody"))));

    AccessDecision decision =
        policy.decide(
            InboundCaller.plain(fromNode), port, new AccessWork.Request(head(method, target)));

    assertThat(decision.getClass().getSimpleName()).isEqualTo(expected);
  }

  @Test
  void anotherPodsIdentityIsNoKubelet() {
    InboundPolicy policy = policy(allow(List.of(new AccessRule.From.Identity("nobody"))));
    AccessWork probe = new AccessWork.Request(head("GET", "/healthz"));

    AccessDecision decision =
        policy.decide(InboundCaller.identified(PEER, Security.SAME_NODE), 8080, probe);

    assertThat(decision).isInstanceOf(AccessDecision.Deny.class);
  }

  private static AccessRule allow(List<AccessRule.From> from) {
    return new AccessRule(
        "AccessPolicy shop/a[0]", true, false, Map.of(), from, Set.of(), List.of());
  }

  private static InboundPolicy policy(AccessRule rule) {
    AccessRules rules = new AccessRules(List.of(rule), Map.of());
    return new InboundPolicy(
        InboundSecurity.DEFAULT, rules.of("shop", Map.of()), List.of(HTTP, GRPC));
  }

  private static RequestHead head(String method, String target) {
    int question = target.indexOf('?');
    return new RequestHead() {
      @Override
      public String method() {
        return method;
      }

      @Override
      public String path() {
        return question < 0 ? target : target.substring(0, question);
      }

      @Override
      public String query() {
        return question < 0 ? "" : target.substring(question + 1);
      }

      @Override
      public String authority() {
        return "";
      }

      @Override
      public @Nullable String header(String name) {
        return null;
      }
    };
  }

  private static InboundPolicy policy(InboundMode mode, Map<Integer, InboundMode> ports) {
    return new InboundPolicy(
        new InboundSecurity(mode, ports, WithoutIdentity.WAIT),
        WorkloadAccess.OPEN,
        List.of(HTTP, GRPC));
  }
}
