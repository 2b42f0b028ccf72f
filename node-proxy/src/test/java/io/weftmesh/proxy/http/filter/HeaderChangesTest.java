package io.weftmesh.proxy.http.filter;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.Filter.HeaderChange;
import io.weftmesh.policy.model.Filter.HeaderChange.Subject;
import io.weftmesh.policy.model.Filter.HeaderValue;
import io.weftmesh.proxy.http.codec.Head;
import java.util.List;
import org.junit.jupiter.api.Test;

class HeaderChangesTest {
  private final Head head =
      Heads.request("GET / HTTP/1.1", "Host: echo", "X-Kept: 1", "X-Twice: a", "x-twice: b");

  @Test
  void setReplacesAllFieldsOfTheName() {
    apply(List.of(new HeaderValue("X-TWICE", "c")), List.of(), List.of());

    assertThat(Heads.fields(head)).isEqualTo("Host: echo\nX-Kept: 1\nX-TWICE: c");
  }

  @Test
  void addAppendsToWhatIsThereWithAComma() {
    apply(
        List.of(),
        List.of(new HeaderValue("x-kept", "2"), new HeaderValue("X-New", "n")),
        List.of());

    assertThat(Heads.fields(head))
        .isEqualTo("Host: echo\nX-Twice: a\nx-twice: b\nx-kept: 1,2\nX-New: n");
  }

  @Test
  void removeTakesAllFieldsOfTheNameInAnyCase() {
    apply(List.of(), List.of(), List.of("X-tWICE", "x-absent"));

    assertThat(Heads.fields(head)).isEqualTo("Host: echo\nX-Kept: 1");
  }

  private void apply(List<HeaderValue> set, List<HeaderValue> add, List<String> remove) {
    HeaderChanges.apply(new HeaderChange(Subject.REQUEST, set, add, remove), head);
  }
}
