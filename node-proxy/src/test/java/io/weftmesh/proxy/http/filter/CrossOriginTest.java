package io.weftmesh.proxy.http.filter;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.Filter.Cors;
import io.weftmesh.policy.model.RequestHead;
import io.weftmesh.proxy.http.codec.Head;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CrossOriginTest {
  private static final Cors SHOP =
      new Cors(
          List.of("https://shop.example", "https://*.shop.example:8443"),
          true,
          Set.of("GET", "PUT"),
          List.of("x-one", "x-two"),
          List.of("x-seen"),
          600);
  private static final Cors EVERYBODY =
      new Cors(List.of("*"), false, Set.of("*"), List.of("*"), List.of("*"), 5);

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          https://shop.example,             true
          HTTPS://Shop.Example,             true
          http://shop.example,              false
          https://shop.example:8443,        false
          https://a.shop.example:8443,      true
          https://a.b.shop.example:8443,    true
          https://.shop.example:8443,       false
          https://evilshop.example:8443,    false
          https://shop.example.evil,        false
          null,                             false
          """)
  void anOriginIsAllowedAsAWholeOrBelowAStar(String origin, boolean allowed) {
    assertThat(CrossOrigin.isAllowed(SHOP, origin)).isEqualTo(allowed);
  }

  @Test
  void aPreflightIsAnsweredWithWhatIsAllowed() {
    RequestHead preflight =
        Heads.seen(
            "OPTIONS",
            "/",
            "Host: shop",
            "Origin: https://shop.example",
            "Access-Control-Request-Method: PUT",
            "Access-Control-Request-Headers: x-one");

    assertThat(CrossOrigin.isPreflight(preflight)).isTrue();
    Head answer = CrossOrigin.preflightAnswer(SHOP, preflight);
    assertThat(answer.status()).isEqualTo(204);
    assertThat(Heads.fields(answer))
        .isEqualTo(
            """
            Access-Control-Allow-Origin: https://shop.example
            Access-Control-Allow-Credentials: true
            Access-Control-Allow-Methods: GET, PUT
            Access-Control-Allow-Headers: x-one, x-two
            Access-Control-Max-Age: 600
            Vary: Origin\
            """);
  }

  @Test
  void aStarWithCredentialsEchoesWhatWasAsked() {
    Cors cors = new Cors(List.of("*"), true, Set.of("*"), List.of("*"), List.of("*"), 5);
    RequestHead preflight =
        Heads.seen(
            "OPTIONS",
            "/",
            "Host: shop",
            "Origin: https://a.example",
            "Access-Control-Request-Method: DELETE",
            "Access-Control-Request-Headers: x-any");

    assertThat(Heads.fields(CrossOrigin.preflightAnswer(cors, preflight)))
        .contains("Access-Control-Allow-Origin: https://a.example")
        .contains("Access-Control-Allow-Methods: DELETE")
        .contains("Access-Control-Allow-Headers: x-any");
  }

  @Test
  void anOriginThatIsNotAllowedIsToldNothing() {
    RequestHead preflight =
        Heads.seen(
            "OPTIONS",
            "/",
            "Host: shop",
            "Origin: https://evil.example",
            "Access-Control-Request-Method: PUT");

    assertThat(Heads.fields(CrossOrigin.preflightAnswer(SHOP, preflight)))
        .isEqualTo("Vary: Origin");
  }

  @Test
  void otherOptionsRequestsAreNoPreflight() {
    assertThat(CrossOrigin.isPreflight(Heads.seen("OPTIONS", "/", "Host: shop"))).isFalse();
    assertThat(
            CrossOrigin.isPreflight(Heads.seen("OPTIONS", "/", "Host: shop", "Origin: https://a")))
        .isFalse();
  }

  @Test
  void whatTheApplicationSaysIsReplacedInTheAnswer() {
    Head answer =
        Heads.answer(
            "HTTP/1.1 200 OK", "Access-Control-Allow-Origin: https://other", "Vary: Origin");

    CrossOrigin.answer(SHOP, "https://shop.example", answer);

    assertThat(Heads.fields(answer))
        .isEqualTo(
            """
            Vary: Origin
            Access-Control-Allow-Origin: https://shop.example
            Access-Control-Allow-Credentials: true
            Access-Control-Expose-Headers: x-seen\
            """);
  }

  @Test
  void everybodyIsAStar() {
    Head answer = Heads.answer("HTTP/1.1 200 OK");

    CrossOrigin.answer(EVERYBODY, "https://a.example", answer);

    assertThat(Heads.fields(answer))
        .isEqualTo(
            "Access-Control-Allow-Origin: *\nAccess-Control-Expose-Headers: *\nVary: Origin");
  }

  @Test
  void anAnswerToARequestWithoutOriginStaysAsItIs() {
    Head answer = Heads.answer("HTTP/1.1 200 OK");

    CrossOrigin.answer(EVERYBODY, null, answer);

    assertThat(Heads.fields(answer)).isEmpty();
  }
}
