package io.weftmesh.policy.compile;

import static io.weftmesh.policy.compile.RouteFixture.compile;
import static io.weftmesh.policy.compile.RouteFixture.parent;
import static io.weftmesh.policy.compile.RouteFixture.route;
import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.compile.RouteStatus.Condition;
import io.weftmesh.policy.model.ServicePortKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Routes of requests at ports that declare that they carry something else. */
class RouteProtocolTest {
  private static final String TO_ECHO = "rules: [{backendRefs: [{name: echo, port: 80}]}]\n";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          HTTPRoute | port: 5432       | port        | 5432 | TCP
          HTTPRoute | port: 5433       | port        | 5433 | TLS
          GRPCRoute | sectionName: tcp | sectionName | 5432 | TCP
          """)
  void wherePortsCarryBytesARouteOfRequestsIsNotAccepted(
      String kind, String port, String field, int number, String protocol) {
    Compiled compiled = compile(route(kind, "r", parent("name: db, " + port) + TO_ECHO));
    Condition accepted = accepted(compiled);

    assertThat(accepted.holds()).isFalse();
    assertThat(accepted.reason()).isEqualTo("NotAllowedByParent");
    assertThat(accepted.message())
        .startsWith(
            "spec.parentRefs[0]."
                + field
                + " leads to Service mesh/db, port "
                + number
                + ", which is declared "
                + protocol)
        .contains("expected a port declared as http, http2, grpc or nothing")
        .contains("meets no " + kind)
        .endsWith("declare the port as what it speaks, or write a TCPRoute");
    assertThat(compiled.problems()).hasSize(1);
    assertThat(compiled.routes()).doesNotContainKey(new ServicePortKey("mesh", "db", number));
  }

  @Test
  void ofAWholeServiceItHoldsAtThePortsThatCarryRequestsAndSaysSo() {
    Compiled compiled = compile(route("HTTPRoute", "r", parent("name: db") + TO_ECHO));
    Condition accepted = accepted(compiled);

    assertThat(accepted.holds()).isTrue();
    assertThat(accepted.message())
        .isEqualTo(
            "in force at Service mesh/db, port 80; not at port 5432, which is declared TCP; not at"
                + " port 5433, which is declared TLS");
    assertThat(compiled.problems()).isEmpty();
    assertThat(compiled.routes()).containsOnlyKeys(new ServicePortKey("mesh", "db", 80));
  }

  @Test
  void itStandsInTheWayOfNoRouteOfConnections() {
    Compiled compiled =
        compile(
            route("HTTPRoute", "h", parent("name: db") + TO_ECHO),
            route("TCPRoute", "t", parent("name: db, port: 5432") + TO_ECHO),
            route("TLSRoute", "s", parent("name: db, port: 5433") + TO_ECHO));

    assertThat(compiled.statuses())
        .hasSize(3)
        .allSatisfy(status ->
            assertThat(status.parents().getFirst().accepted().holds()).as("%s", status).isTrue());
  }

  @Test
  void theStatusTellsWhichVersionOfTheSpecItIsAbout() {
    String written = route("HTTPRoute", "r", parent("name: echo") + TO_ECHO);
    String fromAServer = written.replace("{name: r,", "{name: r, generation: 7,");

    assertThat(compile(written).statuses().getFirst().observedGeneration()).isZero();
    assertThat(compile(fromAServer).statuses().getFirst().observedGeneration()).isEqualTo(7);
  }

  private static Condition accepted(Compiled compiled) {
    assertThat(compiled.statuses()).hasSize(1);
    assertThat(compiled.statuses().getFirst().parents()).hasSize(1);
    return compiled.statuses().getFirst().parents().getFirst().accepted();
  }
}
