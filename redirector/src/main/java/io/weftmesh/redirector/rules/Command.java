package io.weftmesh.redirector.rules;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs a program in the network namespace of the calling thread, which children inherit.
 *
 * @param status its exit status
 * @param output what it printed, on both of its outputs
 */
record Command(int status, String output) {
  private static final int TIMEOUT_SECONDS = 20;

  /**
   * What legacy iptables locks: a file that is always there, also on a read-only file system, and
   * that nobody in a pod can open. Tables are a namespace's own, so the host's lock would guard
   * nothing; a lock that a pod can hold would keep it from being captured.
   */
  private static final String LOCK = "/proc/" + ProcessHandle.current().pid() + "/ns/net";

  /**
   * Runs the program to its end.
   *
   * @throws IOException if it is missing, or hangs; a status other than 0 is the caller's to judge
   */
  static Command run(List<String> program, String input) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(program).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().put("LC_ALL", "C");
    builder.environment().put("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    builder.environment().put("XTABLES_LOCKFILE", LOCK);
    Process process = builder.start();
    try {
      try (OutputStream in = process.getOutputStream()) {
        in.write(input.getBytes(StandardCharsets.UTF_8));
      } catch (IOException endedEarly) {
        // It says why on its output.
      }
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        throw new IOException(program.getFirst() + " has not ended in " + TIMEOUT_SECONDS + " s");
      }
      return new Command(process.exitValue(), output);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while " + program.getFirst() + " ran", interrupted);
    } finally {
      process.destroyForcibly();
    }
  }

  /** The same, for a program whose failure is an error. */
  static String output(List<String> program, String input) throws IOException {
    Command ended = run(program, input);
    if (ended.status != 0) {
      throw new IOException(
          String.join(" ", program)
              + " ended with "
              + ended.status
              + ": "
              + firstLine(ended.output));
    }
    return ended.output;
  }

  private static String firstLine(String text) {
    String trimmed = text.strip();
    int end = trimmed.indexOf('\n');
    return end < 0 ? trimmed : trimmed.substring(0, end);
  }
}
