package io.weftmesh.lab.host;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Runs a program of the machine to its end. */
public final class Command {
  private final List<String> words;
  private final String input;

  private Command(List<String> words, String input) {
    this.words = words;
    this.input = input;
  }

  public static Command of(String... words) {
    return new Command(List.of(words), "");
  }

  public static Command of(List<String> words) {
    return new Command(List.copyOf(words), "");
  }

  /** The same command with {@code text} on its standard input. */
  public Command reading(String text) {
    return new Command(words, text);
  }

  /**
   * Returns what the program wrote to standard output.
   *
   * @throws CommandFailedException when it ends with anything but 0; holds what it wrote to
   *     standard error
   */
  public String run() {
    Result result = runAnyway();
    if (result.status() != 0) {
      throw new CommandFailedException(words, result.status(), result.errors() + result.output());
    }
    return result.output();
  }

  /** As {@link #run}, but with whatever status the program ended. */
  public Result runAnyway() {
    try {
      Process process = new ProcessBuilder(words).start();
      CompletableFuture<String> errors =
          CompletableFuture.supplyAsync(
              () -> text(process.getErrorStream()), Thread::startVirtualThread);
      CompletableFuture<Void> written =
          CompletableFuture.runAsync(() -> write(process), Thread::startVirtualThread);
      String output = text(process.getInputStream());
      written.join();
      return new Result(process.waitFor(), output, errors.join());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot start " + String.join(" ", words), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for " + words.getFirst(), e);
    }
  }

  private void write(Process process) {
    try (var stream = process.getOutputStream()) {
      stream.write(input.getBytes(UTF_8));
    } catch (IOException e) {
      // The program ended without reading all of it: its status says whether that was an error.
    }
  }

  private static String text(InputStream stream) {
    try (stream) {
      return new String(stream.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** How a program ended. */
  public record Result(int status, String output, String errors) {}
}
