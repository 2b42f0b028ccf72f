package io.weftmesh.redirector.testnet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Runs programs to their end. */
public final class Shell {
  private Shell() {}

  /** What the words, separated by spaces, print; fails if their status is not 0. */
  public static String run(String words, String... more) {
    List<String> command = new ArrayList<>(List.of(words.split(" ", -1)));
    command.addAll(List.of(more));
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new AssertionError(command + ": " + output);
      }
      return output;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (InterruptedException interrupted) {
      throw new AssertionError(interrupted);
    }
  }
}
