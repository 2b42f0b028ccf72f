package io.weftmesh.lab.app;

import java.util.OptionalInt;

/**
 * What the application serves; a port that is not given is not served.
 *
 * @param name of the pod, as it appears in answers
 * @param version as it appears in answers, to tell two deployments apart
 * @param http echoes requests, see {@link HttpEcho}
 * @param echo sends back what it gets
 * @param banner speaks first, as SMTP and MySQL servers do
 * @param transfer moves bulk both ways, see {@link Transfer}
 * @param failEvery every how many-th HTTP request is answered with {@code failStatus}; 0 for none
 */
record Options(
    String name,
    String version,
    OptionalInt http,
    OptionalInt echo,
    OptionalInt banner,
    OptionalInt transfer,
    int failEvery,
    int failStatus) {

  /**
   * @param arguments {@code --NAME=VALUE} each
   * @throws IllegalArgumentException for anything else
   */
  static Options parse(String... arguments) {
    Options options =
        new Options(
            "app",
            "v1",
            OptionalInt.empty(),
            OptionalInt.empty(),
            OptionalInt.empty(),
            OptionalInt.empty(),
            0,
            503);
    for (String argument : arguments) {
      int equals = argument.indexOf('=');
      if (equals < 0) {
        throw new IllegalArgumentException("expected --name=value, got: " + argument);
      }
      options = options.with(argument.substring(0, equals), argument.substring(equals + 1));
    }
    return options;
  }

  private Options with(String option, String value) {
    return switch (option) {
      case "--name" ->
          new Options(value, version, http, echo, banner, transfer, failEvery, failStatus);
      case "--version" ->
          new Options(name, value, http, echo, banner, transfer, failEvery, failStatus);
      case "--http" ->
          new Options(name, version, number(value), echo, banner, transfer, failEvery, failStatus);
      case "--echo" ->
          new Options(name, version, http, number(value), banner, transfer, failEvery, failStatus);
      case "--banner" ->
          new Options(name, version, http, echo, number(value), transfer, failEvery, failStatus);
      case "--transfer" ->
          new Options(name, version, http, echo, banner, number(value), failEvery, failStatus);
      case "--fail-every" ->
          new Options(
              name, version, http, echo, banner, transfer, Integer.parseInt(value), failStatus);
      case "--fail-status" ->
          new Options(
              name, version, http, echo, banner, transfer, failEvery, Integer.parseInt(value));
      default ->
          throw new IllegalArgumentException(
              option
                  + " is none of --name --version --http --echo --banner --transfer --fail-every"
                  + " --fail-status");
    };
  }

  private static OptionalInt number(String value) {
    return OptionalInt.of(Integer.parseInt(value));
  }
}
