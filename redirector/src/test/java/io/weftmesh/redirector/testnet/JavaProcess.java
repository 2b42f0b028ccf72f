package io.weftmesh.redirector.testnet;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A Java process of the tests' class path, killed when closed. */
public final class JavaProcess implements AutoCloseable {
  private final Process process;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

  /**
   * Starts a process.
   *
   * @param prefix what runs Java, such as setpriv
   * @param flags Java's
   * @param arguments main class and its arguments
   */
  public JavaProcess(List<String> prefix, List<String> flags, List<String> arguments)
      throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(flags);
    command.addAll(arguments);
    process = new ProcessBuilder(command).redirectErrorStream(true).start();
    Thread.ofPlatform().daemon().start(this::read);
  }

  public long pid() {
    return process.pid();
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** Waits for a line of its output that contains the text; fails if it ends before. */
  public String await(String text) {
    List<String> seen = new ArrayList<>();
    try {
      while (true) {
        String line = lines.poll(20, TimeUnit.SECONDS);
        if (line == null) {
          throw new AssertionError("no '" + text + "' in the output: " + seen);
        }
        if (line.contains(text)) {
          return line;
        }
        seen.add(line);
      }
    } catch (InterruptedException interrupted) {
      throw new AssertionError(interrupted);
    }
  }

  /** SIGKILL, and waits for the end. */
  public void kill() {
    process.destroyForcibly();
    awaitEnd();
  }

  /** SIGTERM, and waits for the end. */
  public void terminate() {
    process.destroy();
    awaitEnd();
  }

  @Override
  public void close() {
    kill();
  }

  private void awaitEnd() {
    try {
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        throw new AssertionError(process.info() + " does not end");
      }
    } catch (InterruptedException interrupted) {
      throw new AssertionError(interrupted);
    }
  }

  private void read() {
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        System.out.println("[" + process.pid() + "] " + line);
        lines.add(line);
      }
      lines.add("(end of output)");
    } catch (IOException ended) {
      lines.add("(end of output)");
    }
  }
}
