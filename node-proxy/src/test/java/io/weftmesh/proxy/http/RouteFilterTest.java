package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.Filter;
import io.weftmesh.policy.model.Filter.HeaderChange;
import io.weftmesh.policy.model.Filter.HeaderChange.Subject;
import io.weftmesh.policy.model.Filter.HeaderValue;
import io.weftmesh.policy.model.PathChange;
import io.weftmesh.policy.model.RequestPolicy;
import io.weftmesh.policy.model.RouteOrigin;
import io.weftmesh.policy.model.RouteRule;
import io.weftmesh.policy.model.WeightedBackend;
import io.weftmesh.policy.model.WeightedDraw;
import io.weftmesh.proxy.tunnel.Unreachable;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What routes have done to requests on their way. */
class RouteFilterTest {
  private static final String GET = "GET /a?q=1 HTTP/1.1\r\nHost: cart\r\n\r\n";
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  private static final Backend CART = new Backend.Service(Mesh.SHOP);

  private final Mesh mesh = new Mesh();

  @AfterEach
  void everythingIsGivenBack() {
    mesh.close();
  }

  @Test
  void aRedirectIsAnsweredAndTheConnectionKept() {
    filters(
        new Filter.Redirect(
            Optional.of("https"), Optional.empty(), OptionalInt.empty(), Optional.empty(), 301));
    Wire client = mesh.client();
    client.sends(GET);
    client.sends(GET);

    String answer =
        """
        HTTP/1.1 301 Moved Permanently\r
        Location: https://cart/a?q=1\r
        Content-Length: 0\r
        \r
        """;
    assertThat(client.got()).isEqualTo(answer + answer);
    assertThat(mesh.dials.all).isEmpty();
    assertThat(mesh.metric("weft_requests_total", "response_code=\"301\"", "error=\"\""))
        .isEqualTo(2);
  }

  @Test
  void aRedirectDoesNotWaitForTheBody() {
    filters(
        new Filter.Redirect(
            Optional.of("https"), Optional.empty(), OptionalInt.empty(), Optional.empty(), 308));
    Wire client = mesh.client();
    client.sends("POST / HTTP/1.1\r\nHost: cart\r\nContent-Length: 1000\r\n\r\nsome");

    assertThat(client.got())
        .startsWith("HTTP/1.1 308 Permanent Redirect\r\n")
        .contains("onnection: close");
  }

  @Test
  void filtersOfTheRuleComeBeforeThoseOfTheBackend() {
    mesh.routes(
        rule(
            List.of(
                set(Subject.REQUEST, "X-Seen", "rule"),
                new Filter.Rewrite(Optional.of("other"), Optional.of(new PathChange.Full("/b")))),
            new WeightedBackend(
                CART,
                1,
                List.of(
                    new HeaderChange(
                        Subject.REQUEST,
                        List.of(),
                        List.of(new HeaderValue("x-seen", "backend")),
                        List.of()),
                    set(Subject.RESPONSE, "X-Backend", "v1")))));
    Wire client = mesh.client();
    client.sends(GET);
    Wire upstream = mesh.opened();

    assertThat(upstream.got())
        .isEqualTo("GET /b?q=1 HTTP/1.1\r\nHost: other\r\nx-seen: rule,backend\r\n\r\n");
    upstream.sends(OK);
    assertThat(client.got())
        .isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Backend: v1\r\n\r\nok");
  }

  @Test
  void aFilterThatCannotBeHonouredClosesTheDoor() {
    filters(set(Subject.REQUEST, "X-Seen", "rule"), new Filter.Unsupported("asks for magic"));
    Wire client = mesh.client();
    client.sends(GET);

    assertThat(client.got())
        .startsWith("HTTP/1.1 500 Internal Server Error\r\nx-weft-error: unsupported_filter\r\n")
        .contains("asks for magic");
    assertThat(mesh.dials.all).isEmpty();
  }

  @Test
  void aPreflightIsAnsweredAndOtherRequestsAreToldWhoMayRead() {
    filters(
        new Filter.Cors(
            List.of("https://shop.example"), false, Set.of("GET"), List.of(), List.of("x-a"), 60));
    Wire client = mesh.client();
    client.sends(
        """
        OPTIONS / HTTP/1.1\r
        Host: cart\r
        Origin: https://shop.example\r
        Access-Control-Request-Method: GET\r
        \r
        """);
    assertThat(client.got())
        .startsWith("HTTP/1.1 204 No Content\r\n")
        .contains("Access-Control-Allow-Origin: https://shop.example\r\n")
        .endsWith("\r\n\r\n");

    client.sends("GET / HTTP/1.1\r\nHost: cart\r\nOrigin: https://shop.example\r\n\r\n");
    mesh.opened().sends(OK);
    assertThat(client.got()).contains("Access-Control-Expose-Headers: x-a\r\n");
  }

  // --- mirrors ---

  @Test
  void aMirrorGetsTheRequestAndItsAnswerIsDropped() {
    filters(new Filter.Mirror(CART, 1, 1));
    Wire client = mesh.client();
    client.sends("POST /a HTTP/1.1\r\nHost: cart\r\nContent-Length: 4\r\n\r\nbo");
    client.sends("dy");
    Wire mirror = mesh.opened();
    Wire upstream = mesh.opened();

    String sent = "POST /a HTTP/1.1\r\nHost: cart\r\nContent-Length: 4\r\n\r\nbody";
    assertThat(upstream.got()).isEqualTo(sent);
    assertThat(mirror.got()).isEqualTo(sent);
    mirror.sends("HTTP/1.1 503 No\r\nContent-Length: 3\r\n\r\nbad");
    assertThat(client.got()).isEmpty();
    upstream.sends(OK);
    assertThat(client.got()).isEqualTo(OK);
    assertThat(mesh.metric("weft_requests_total", "direction=\"mirror\"", "response_code=\"503\""))
        .isEqualTo(1);
    assertThat(mesh.metric("weft_requests_total", "direction=\"outbound\"")).isEqualTo(1);
  }

  @Test
  void aMirrorThatFailsDoesNotTouchTheRequest() {
    filters(
        new Filter.Mirror(new Backend.Unresolvable("shop/gone:80", "there is none"), 1, 1),
        new Filter.Mirror(CART, 1, 1));
    mesh.dials.failures.add(Unreachable.Reason.REFUSED);
    Wire client = mesh.client();
    client.sends(GET);
    mesh.opened().sends(OK);

    assertThat(client.got()).isEqualTo(OK);
    assertThat(
            mesh.metric(
                "weft_requests_total", "direction=\"mirror\"", "error=\"unresolvable_backend\""))
        .isEqualTo(1);
    assertThat(mesh.metric("weft_requests_total", "direction=\"mirror\"", "error=\"unreachable\""))
        .isEqualTo(1);
  }

  @Test
  void aMirrorThatHangsIsGivenUpAndTheRequestGoesOn() {
    filters(new Filter.Mirror(CART, 1, 1));
    Wire client = mesh.client();
    client.sends(GET);
    Wire mirror = mesh.opened();
    mesh.opened().sends(OK);
    assertThat(client.got()).isEqualTo(OK);

    mesh.passes(Duration.ofSeconds(16));
    assertThat(mirror.isActive()).isFalse();
    assertThat(mesh.metric("weft_requests_total", "direction=\"mirror\"", "error=\"timeout\""))
        .isEqualTo(1);
  }

  @Test
  void aBodyIsMirroredUpToABound() {
    filters(new Filter.Mirror(CART, 1, 1));
    Wire client = mesh.client();
    client.sends("POST / HTTP/1.1\r\nHost: cart\r\nTransfer-Encoding: chunked\r\n\r\n");
    Wire mirror = mesh.opened();
    Wire upstream = mesh.opened();
    String chunk = "8000\r\n" + "x".repeat(0x8000) + "\r\n";
    client.sends(chunk);
    client.sends(chunk);
    client.sends(chunk);
    assertThat(mirror.isActive()).isFalse();

    client.sends("0\r\n\r\n");
    assertThat(upstream.got()).endsWith("0\r\n\r\n");
    upstream.sends(OK);
    assertThat(client.got()).isEqualTo(OK);
    assertThat(
            mesh.metric(
                "weft_requests_total", "direction=\"mirror\"", "error=\"mirror_too_large\""))
        .isEqualTo(1);
  }

  @Test
  void aRequestThatIsBrokenOffTakesItsMirrorWithIt() {
    filters(new Filter.Mirror(CART, 1, 1));
    Wire client = mesh.client();
    client.sends("POST / HTTP/1.1\r\nHost: cart\r\nContent-Length: 4\r\n\r\nbo");
    Wire mirror = mesh.opened();
    client.close();

    assertThat(mirror.isActive()).isFalse();
  }

  @Test
  void aShareOfTheRequestsIsMirrored() {
    filters(new Filter.Mirror(CART, 1, 4));
    Wire client = mesh.client();
    for (int i = 0; i < 400; i++) {
      client.sends(GET);
      mesh.dials.all.forEach(wire -> {
        if (!wire.got().isEmpty()) {
          wire.sends(OK);
        }
      });
      assertThat(client.got()).isEqualTo(OK);
    }

    assertThat(mesh.metric("weft_requests_total", "direction=\"mirror\"")).isBetween(70.0, 130.0);
  }

  private void filters(Filter... filters) {
    mesh.routes(rule(List.of(filters), new WeightedBackend(CART, 1)));
  }

  private static RouteRule rule(List<Filter> filters, WeightedBackend backend) {
    return new RouteRule(
        RouteOrigin.service(Mesh.SHOP.service()),
        List.of(),
        List.of(),
        filters,
        new WeightedDraw(List.of(backend)),
        RequestPolicy.DEFAULT);
  }

  private static HeaderChange set(Subject subject, String name, String value) {
    return new HeaderChange(subject, List.of(new HeaderValue(name, value)), List.of(), List.of());
  }
}
