package io.weftmesh.lab.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.HttpMessage;
import io.weftmesh.lab.mesh.Mesh;
import java.net.URLEncoder;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Holds what {@code /explain} says of a request against what came of it. */
final class Explained {
  /** What only time tells: that a route allows too little of it, or that an endpoint failed. */
  private static final List<String> UNFORESEEABLE = List.of("timeout", "try_timeout");

  /** What a connection comes to that the pod's node resets. */
  static final String RESET = "reset";

  private static final String DENIED = "denied";

  private Explained() {}

  static void agrees(RouteCheck check, HttpMessage answer, Lab lab, Mesh mesh) {
    HttpMessage explained = mesh.explain(lab.pod(check.caller()).node(), check.question());
    assertThat(explained.status()).as(explained.body()).isEqualTo(200);
    Map<?, ?> outcome = (Map<?, ?>) RouteCheck.echo(explained).get("outcome");
    Map<?, ?> seen = RouteCheck.echo(answer);
    Optional<String> error = answer.header("x-weft-error");
    boolean fromTheApplication =
        !seen.isEmpty() || error.filter(UNFORESEEABLE::contains).isPresent();
    if (fromTheApplication) {
      assertThat(outcome.get("forwarded")).as("%s: %s", check, explained.body()).isNotNull();
      forwarded(check, seen, (Map<?, ?>) outcome.get("forwarded"), lab);
    } else {
      assertThat(outcome.get("answered")).as("%s: %s", check, explained.body()).isNotNull();
      answered(check, answer, (Map<?, ?>) outcome.get("answered"));
    }
  }

  /**
   * What is foreseen of access: {@code 200} for who is admitted, else as {@link #DENIED} and the
   * status, or {@link #RESET}.
   */
  static String access(Lab lab, Mesh mesh, String client, String method, String url) {
    HttpMessage explained =
        mesh.explain(
            lab.pod(client).node(),
            "format=json&from="
                + client
                + "&method="
                + method
                + "&to="
                + URLEncoder.encode(url, UTF_8));
    assertThat(explained.status()).as(explained.body()).isEqualTo(200);
    Map<?, ?> outcome = (Map<?, ?>) RouteCheck.echo(explained).get("outcome");
    if (outcome.get("answered") instanceof Map<?, ?> answered) {
      assertThat(answered.get("error")).as(explained.body()).isEqualTo(DENIED);
      return answered.get("status").equals(0) ? RESET : answered.get("status") + " " + DENIED;
    }
    return "200";
  }

  private static void answered(RouteCheck check, HttpMessage answer, Map<?, ?> answered) {
    assertThat(answered.get("status")).as("%s", check).isEqualTo(answer.status());
    assertThat(Optional.ofNullable((String) answered.get("error")))
        .as("%s", check)
        .isEqualTo(answer.header("x-weft-error"));
    Map<?, ?> headers = (Map<?, ?>) answered.get("headers");
    for (Map.Entry<?, ?> header : headers.entrySet()) {
      assertThat(answer.header((String) header.getKey()))
          .as("%s: %s", check, header.getKey())
          .hasValue((String) header.getValue());
    }
  }

  private static void forwarded(RouteCheck check, Map<?, ?> seen, Map<?, ?> forwarded, Lab lab) {
    if (seen.isEmpty()) {
      return;
    }
    assertThat(RouteCheck.target(seen))
        .as("%s", check)
        .isEqualTo(Optional.of(String.valueOf(forwarded.get("target"))));
    List<String> endpoints =
        ((List<?>) forwarded.get("backends"))
            .stream()
                .flatMap(backend -> ((List<?>) ((Map<?, ?>) backend).get("endpoints")).stream())
                .map(String::valueOf)
                .toList();
    Pod pod =
        lab.pods().stream()
            .filter(candidate -> endpoints.contains(candidate.address() + ":" + Pods.HTTP))
            .filter(candidate -> candidate.manifest().name().equals(seen.get("pod")))
            .findFirst()
            .orElse(null);
    assertThat(pod).as("%s: answered by %s, explained %s", check, seen, endpoints).isNotNull();
  }
}
