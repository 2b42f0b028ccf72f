package io.weftmesh.proxy.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.policy.model.InboundMode;
import io.weftmesh.policy.model.InboundSecurity;
import io.weftmesh.policy.model.WithoutIdentity;
import java.util.List;
import java.util.Map;
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
    SpiffeId identity = security == Security.PLAINTEXT ? null : PEER;

    InboundDecision decision = policy.decide(new InboundCaller(identity, security, fromNode), port);

    assertThat(decision.getClass().getSimpleName()).isEqualTo(expected);
  }

  @Test
  void aProbeIsAdmittedAsWhatThePodDeclaresForThePort() {
    InboundDecision decision =
        policy(InboundMode.STRICT, Map.of())
            .decide(new InboundCaller(null, Security.PLAINTEXT, true), 8080);

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

  private static InboundPolicy policy(InboundMode mode, Map<Integer, InboundMode> ports) {
    return new InboundPolicy(
        new InboundSecurity(mode, ports, WithoutIdentity.WAIT), List.of(HTTP, GRPC));
  }
}
