package io.weftmesh.ca.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SpiffeIdTest {
  private static final String KELVIN = "\u212a";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "spiffe://cluster.local/ns/shop/sa/cart",
        "spiffe://cluster.local",
        "spiffe://a/b",
        "spiffe://a.b-c_d.0/X-y_z.9",
        "spiffe://..",
        "spiffe://-/-",
        "spiffe://a/...",
        "spiffe://a/.x/..y/z.",
      })
  void acceptsAndGivesBackTheSameText(String text) {
    SpiffeId id = SpiffeId.parse(text);

    assertThat(id).hasToString(text).isEqualTo(SpiffeId.parse(id.toString()));
    assertThat("spiffe://" + id.trustDomain() + id.path()).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'' | must start with",
        "spiffe | must start with",
        "spiffe:/a/b | must start with",
        "http://a/b | must start with",
        "SPIFFE://a/b | must start with",
        "Spiffe://a/b | must start with",
        "' spiffe://a/b' | must start with",
        "spiffe:// | trust domain is empty",
        "spiffe:///b | trust domain is empty",
        "spiffe://A/b | trust domain is made of",
        "spiffe://user@a/b | trust domain is made of",
        "spiffe://a:80/b | trust domain is made of",
        "spiffe://%61/b | trust domain is made of",
        "spiffe://[a]/b | trust domain is made of",
        "spiffe://a?q | trust domain is made of",
        "spiffe://a#f | trust domain is made of",
        "spiffe://a/b?q=1 | path segment is made of",
        "spiffe://a/b#f | path segment is made of",
        "spiffe://a/%62 | path segment is made of",
        "spiffe://a/b@c | path segment is made of",
        "spiffe://a/b:c | path segment is made of",
        "'spiffe://a/b ' | path segment is made of",
        "spiffe://a/ | path segment is empty",
        "spiffe://a/b/ | path segment is empty",
        "spiffe://a//b | path segment is empty",
        "spiffe://a/b//c | path segment is empty",
        "spiffe://a/. | is \".\" or \"..\"",
        "spiffe://a/.. | is \".\" or \"..\"",
        "spiffe://a/b/../c | is \".\" or \"..\"",
        "spiffe://a/./c | is \".\" or \"..\"",
      })
  void refusesAndSaysWhy(String text, String why) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SpiffeId.parse(text))
        .withMessageContaining(why);
  }

  @Test
  void takesExactlyTheLegalBytesInATrustDomain() {
    for (int b = 0; b < 256; b++) {
      char c = (char) b;
      String text = "spiffe://a" + c + "c/x";
      if (c == '/') {
        assertThat(SpiffeId.parse(text).trustDomain()).isEqualTo("a");
      } else if ("abcdefghijklmnopqrstuvwxyz0123456789.-_".indexOf(c) >= 0) {
        assertThat(SpiffeId.parse(text).trustDomain()).isEqualTo("a" + c + "c");
      } else {
        assertThatIllegalArgumentException().isThrownBy(() -> SpiffeId.parse(text));
      }
    }
  }

  @Test
  void takesExactlyTheLegalBytesInAPath() {
    String legal = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/";
    for (int b = 0; b < 256; b++) {
      char c = (char) b;
      String text = "spiffe://a/x" + c + "z";
      if (legal.indexOf(c) >= 0) {
        assertThat(SpiffeId.parse(text).path()).isEqualTo("/x" + c + "z");
      } else {
        assertThatIllegalArgumentException().isThrownBy(() -> SpiffeId.parse(text));
      }
    }
  }

  @Test
  void foldsNoForeignCharacterIntoALegalOne() {
    assertThat(KELVIN.toLowerCase(Locale.ROOT)).isEqualTo("k");
    for (String text :
        new String[] {
          "spiffe://" + KELVIN + "/b",
          "spiffe://a/" + KELVIN,
          "sp\u0131ffe://a/b",
          "\u017fpiffe://a/b",
          "spiffe://a\uff0fb",
          "spiffe://a/\uff42",
          "spiffe://a/\ud83d\ude00"
        }) {
      assertThatIllegalArgumentException().isThrownBy(() -> SpiffeId.parse(text));
    }
  }

  @Test
  void boundsTheWholeAndTheTrustDomain() {
    String longest = "spiffe://a/" + "x".repeat(SpiffeId.MAX_BYTES - "spiffe://a/".length());
    assertThat(SpiffeId.parse(longest)).hasToString(longest);
    assertThatIllegalArgumentException().isThrownBy(() -> SpiffeId.parse(longest + "x"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SpiffeId.parse("spiffe://a/" + "x".repeat(3000)))
        .withMessageContaining("2048");

    String domain = "d".repeat(SpiffeId.MAX_TRUST_DOMAIN_BYTES);
    assertThat(SpiffeId.parse("spiffe://" + domain + "/x").trustDomain()).isEqualTo(domain);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SpiffeId.parse("spiffe://" + domain + "d/x"))
        .withMessageContaining("255");
  }

  @Test
  void readsTheWorkloadForm() {
    SpiffeId id = SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/cart");

    assertThat(id.trustDomain()).isEqualTo("cluster.local");
    assertThat(id.path()).isEqualTo("/ns/shop/sa/cart");
    assertThat(id.namespace()).contains("shop");
    assertThat(id.serviceAccount()).contains("cart");
    assertThat(id).isEqualTo(SpiffeId.workload("cluster.local", "shop", "cart"));
    assertThat(id).hasSameHashCodeAs(SpiffeId.workload("cluster.local", "shop", "cart"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "spiffe://a",
        "spiffe://a/ns",
        "spiffe://a/ns/x",
        "spiffe://a/ns/x/sa",
        "spiffe://a/ns/x/sa/y/z",
        "spiffe://a/ns/x/SA/y",
        "spiffe://a/NS/x/sa/y",
        "spiffe://a/ns/x/so/y",
        "spiffe://a/x/ns/y/sa/z",
      })
  void takesNoOtherPathForAWorkload(String text) {
    assertThat(SpiffeId.parse(text).namespace()).isEmpty();
    assertThat(SpiffeId.parse(text).serviceAccount()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"a,'',y", "a,x,''", "a,x/sa/z,y", "a,x,y/z", "a,..,y", "a,x,.", "a/b,x,y", "'',x,y"})
  void makesNoWorkloadOfPartsThatAreNone(String domain, String namespace, String account) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SpiffeId.workload(domain, namespace, account));
  }

  @Test
  void makesTheIdOfATrustDomain() {
    assertThat(SpiffeId.ofTrustDomain("a.b")).hasToString("spiffe://a.b");
    assertThatIllegalArgumentException().isThrownBy(() -> SpiffeId.ofTrustDomain("a/b"));
  }

  @Test
  void writesNoControlCharactersAndNoNovelsIntoAMessage() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SpiffeId.parse("\nERROR all is lost" + "!".repeat(1000)))
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n").hasSizeLessThan(500));
  }
}
