package io.weftmesh.ca.server;

import io.weftmesh.ca.server.control.Answer;
import io.weftmesh.ca.server.control.ControlSocket;
import io.weftmesh.ca.server.control.RotationCommand;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.InstantSource;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command line of the ca: the server, and with {@code rotate} its remote control. */
@Command(
    name = "weft-ca-server",
    description = "Signs identities and tells every node which pod address is which identity.",
    mixinStandardHelpOptions = true,
    subcommands = Main.Rotate.class)
@SuppressWarnings("NullAway.Init") // picocli fills the fields.
public final class Main implements Callable<Integer> {
  private static final int INVALID = 2;

  @Mixin private Options options;
  @Spec private CommandSpec spec;

  /** Runs the command line, and exits with its status. */
  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  static CommandLine commandLine() {
    return new CommandLine(new Main())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler((e, _) -> {
          e.getCommandLine().getErr().println(e.getMessage() + "; see --help");
          return INVALID;
        });
  }

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter err = spec.commandLine().getErr();
    Ca ca;
    try {
      Settings settings = Settings.parse(options);
      log().info("Starting with {}", settings);
      ca = Ca.start(settings, InstantSource.system(), System::nanoTime);
    } catch (InvalidSettingException e) {
      err.println(e.getMessage());
      return INVALID;
    } catch (IOException | GeneralSecurityException e) {
      err.println("The ca can't start: " + e.getMessage());
      return 1;
    }
    CountDownLatch stopped = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  log().info("Stopping");
                  ca.close();
                  stopped.countDown();
                },
                "shutdown"));
    stopped.await();
    return 0;
  }

  /** Logging is set up at first use, which the remote control does without. */
  private static Logger log() {
    return LoggerFactory.getLogger(Main.class);
  }

  @Command(
      name = "rotate",
      description = {
        "Drives the rotation of the root of a running ca:",
        "prepare publishes the next root beside the active one;",
        "activate signs with it, once every node knows it;",
        "retire no longer publishes the old one, once its last leaf is dead;",
        "force does all at once, after a key leak: connections break until nodes have renewed;",
        "status says where the rotation stands."
      },
      mixinStandardHelpOptions = true)
  static final class Rotate implements Callable<Integer> {
    @Parameters(paramLabel = "STEP", description = "One of ${COMPLETION-CANDIDATES}.")
    private RotationCommand step;

    @Option(
        names = "--control",
        required = true,
        paramLabel = "SOCKET",
        description = "The --control socket of the running ca.")
    private Path control;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
      CommandLine line = spec.commandLine();
      try {
        Answer answer = ControlSocket.ask(control, step);
        (answer.outcome() == Answer.Outcome.DONE ? line.getOut() : line.getErr())
            .println(answer.text());
        return answer.outcome().exitStatus();
      } catch (IOException e) {
        line.getErr()
            .println(
                "--control "
                    + control
                    + ": no answer ("
                    + e.getMessage()
                    + "); is the ca running, with this --control?");
        return 1;
      }
    }
  }
}
