package io.weftmesh.policy.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GrpcStatusTest {
  @ParameterizedTest
  @CsvSource({
    "OK, 0",
    "UNAVAILABLE, 14",
    "unavailable, 14",
    "resource-exhausted, 8",
    "14, 14",
    "' Internal ', 13",
    "UNAUTHENTICATED, 16"
  })
  void isReadByNameOrNumber(String text, int number) {
    assertThat(GrpcStatus.of(text)).map(GrpcStatus::number).contains(number);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "17", "-1", "014", "UNAVAILABL", "4.0"})
  void isNothingElse(String text) {
    assertThat(GrpcStatus.of(text)).isEmpty();
  }
}
