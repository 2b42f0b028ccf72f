package io.weftmesh.lab.app;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLDecoder;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/** How a request wants to be answered: {@code name=value&name=value}, percent-encoded. */
record Query(Map<String, String> values) {
  static final Query NONE = new Query(Map.of());

  /** What is no pair is left out, and of two with one name the later counts. */
  static Query parse(String text) {
    return new Query(
        Map.copyOf(
            Arrays.stream(text.split("&"))
                .map(pair -> pair.split("=", 2))
                .filter(pair -> pair.length == 2)
                .collect(
                    Collectors.toMap(
                        pair -> pair[0], pair -> URLDecoder.decode(pair[1], UTF_8), (a, b) -> b))));
  }

  int number(String name, int otherwise) {
    String value = values.get(name);
    return value == null ? otherwise : Integer.parseInt(value);
  }

  String text(String name) {
    return values.getOrDefault(name, "");
  }

  /** Waits as long as {@code delay} says, in milliseconds. */
  void pause() {
    pause(number("delay", 0));
  }

  static void pause(int millis) {
    long end = System.nanoTime() + Duration.ofMillis(millis).toNanos();
    for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }
}
