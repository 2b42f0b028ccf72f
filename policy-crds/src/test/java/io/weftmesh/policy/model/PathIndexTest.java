package io.weftmesh.policy.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.RouteTable.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;

class PathIndexTest {
  private static final List<String> PATHS =
      List.of("/", "/a", "/a/", "/a/b", "/a/b/", "/a/bc", "/a//b", "//", "/b/a/a/b", "*", "/ab");

  /** A table tried from the front is the judge. */
  @RepeatedTest(200)
  void findsWhatComesFirstInTheTable(RepetitionInfo repetition) {
    Random random = new Random(repetition.getCurrentRepetition());
    List<RouteRule> rules = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      rules.add(rule(random, i));
    }
    RouteTable table = new RouteTable(rules, rules.getFirst());
    PathIndex index = new PathIndex(table.byPrecedence());

    for (String path : PATHS) {
      for (String host : List.of("one.example", "two.example", "")) {
        for (String method : List.of("GET", "PUT")) {
          RequestHead head = new Request(method, path, host, random.nextBoolean() ? "1" : null);
          assertThat(index.match(head)).as("%s", head).isEqualTo(first(table, head));
        }
      }
    }
  }

  private static @Nullable Entry first(RouteTable table, RequestHead head) {
    return table.byPrecedence().stream()
        .filter(entry -> entry.matches(head))
        .findFirst()
        .orElse(null);
  }

  private static RouteRule rule(Random random, int number) {
    String path = PATHS.get(random.nextInt(PATHS.size()));
    Optional<PathMatch> match =
        switch (random.nextInt(4)) {
          case 0 -> Optional.of(new PathMatch.Exact(path));
          case 1 -> Optional.of(new PathMatch.Prefix(path));
          case 2 -> Optional.of(new PathMatch.Regex("/a.*"));
          default -> Optional.empty();
        };
    return new RouteRule(
        new RouteOrigin(RouteOrigin.Kind.HTTP_ROUTE, "shop", "route-" + number, 0),
        random.nextInt(3) == 0 ? List.of(new HostMatch("*.example")) : List.of(),
        List.of(
            new RouteMatch(
                match,
                random.nextInt(3) == 0 ? Optional.of("PUT") : Optional.empty(),
                random.nextInt(3) == 0 ? List.of(new HeaderMatch("x-a", "1")) : List.of(),
                List.of())),
        List.of(),
        new WeightedDraw(List.of()),
        RequestPolicy.DEFAULT);
  }

  private record Request(String method, String path, String authority, @Nullable String value)
      implements RequestHead {
    @Override
    public String query() {
      return "";
    }

    @Override
    public @Nullable String header(String name) {
      return value;
    }
  }
}
