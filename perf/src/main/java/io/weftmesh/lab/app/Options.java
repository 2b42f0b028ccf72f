package io.weftmesh.lab.app;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/**
 * What the application serves; a port that is not given is not served.
 *
 * @param name of the pod, as it appears in answers
 * @param version as it appears in answers, to tell two deployments apart
 * @param http echoes requests, see {@link HttpEcho}
 * @param grpc echoes calls, see {@link GrpcEcho}
 * @param echo sends back what it gets
 * @param banner speaks first, as SMTP and MySQL servers do
 * @param transfer moves bulk both ways, see {@link Transfer}
 * @param discard reads bulk and forgets it
 * @param failEvery every how many-th HTTP request is answered with {@code failStatus}; 0 for none
 */
record Options(
    String name,
    String version,
    OptionalInt http,
    OptionalInt grpc,
    OptionalInt echo,
    OptionalInt banner,
    OptionalInt transfer,
    OptionalInt discard,
    int failEvery,
    int failStatus) {
  private static final Set<String> NAMES =
      Set.of(
          "--name",
          "--version",
          "--http",
          "--grpc",
          "--echo",
          "--banner",
          "--transfer",
          "--discard",
          "--fail-every",
          "--fail-status");

  /**
   * @param arguments {@code --NAME=VALUE} each
   * @throws IllegalArgumentException for anything else
   */
  static Options parse(String... arguments) {
    Map<String, String> given = new HashMap<>();
    for (String argument : arguments) {
      int equals = argument.indexOf('=');
      if (equals < 0 || !NAMES.contains(argument.substring(0, equals))) {
        throw new IllegalArgumentException(
            argument + " is none of --NAME=VALUE with a name of " + new TreeSet<>(NAMES));
      }
      given.put(argument.substring(0, equals), argument.substring(equals + 1));
    }
    return new Options(
        given.getOrDefault("--name", "app"),
        given.getOrDefault("--version", "v1"),
        number(given, "--http"),
        number(given, "--grpc"),
        number(given, "--echo"),
        number(given, "--banner"),
        number(given, "--transfer"),
        number(given, "--discard"),
        number(given, "--fail-every").orElse(0),
        number(given, "--fail-status").orElse(503));
  }

  private static OptionalInt number(Map<String, String> given, String option) {
    String value = given.get(option);
    return value == null ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(value));
  }
}
