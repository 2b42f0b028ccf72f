package io.weftmesh.policy.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Queries of any kind, as a client sent them. A reader that cuts the query into pieces first is the
 * second judge. {@code -Dweft.fuzz.rounds=100000000} for a long run.
 */
class QueryMatchFuzzTest {
  private static final int ROUNDS = Integer.getInteger("weft.fuzz.rounds", 30_000) * 3;
  private static final long SEED = Long.getLong("weft.fuzz.seed", 47);

  private static final String[] PIECES = {
    "v", "=", "&", "2", "v=2", "&v=2", "%76", "%3D", "%", "%2", "%zz", "+", "%20", "%ff", "\u00e9",
    "v=3", "==", "&&", "x=v&", "%00",
  };

  @Test
  void theFirstValueCountsWhateverStandsAroundIt() {
    var match = new QueryMatch("v", "2");
    int matched = 0;
    for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
      var random = new SplittableRandom(seed);
      var query = new StringBuilder();
      for (int pieces = random.nextInt(6); pieces > 0; pieces--) {
        query.append(PIECES[random.nextInt(PIECES.length)]);
      }
      boolean matches;
      try {
        matches = match.matches(new Request(query.toString()));
      } catch (RuntimeException failure) {
        throw new AssertionError("seed " + seed + ": " + query, failure);
      }
      assertThat(matches)
          .describedAs("seed %d: %s", seed, query)
          .isEqualTo(judged(query.toString()).equals(Optional.of("2")));
      matched += matches ? 1 : 0;
    }
    assertThat(matched).isGreaterThanOrEqualTo(ROUNDS / 100);
  }

  private static Optional<String> judged(String query) {
    return Arrays.stream(query.split("&"))
        .map(pair -> pair.split("=", 2))
        .filter(pair -> "v".equals(decoded(pair[0])))
        .findFirst()
        .map(pair -> pair.length == 1 ? "" : decoded(pair[1]));
  }

  private static @Nullable String decoded(String text) {
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException noEncoding) {
      return null;
    }
  }

  private record Request(String query) implements RequestHead {
    @Override
    public String method() {
      return "GET";
    }

    @Override
    public String path() {
      return "/";
    }

    @Override
    public String authority() {
      return "";
    }

    @Override
    public @Nullable String header(String name) {
      return null;
    }
  }
}
