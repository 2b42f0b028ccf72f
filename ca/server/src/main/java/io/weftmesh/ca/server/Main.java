package io.weftmesh.ca.server;

import io.weftmesh.ca.server.control.Answer;
import io.weftmesh.ca.server.control.ControlSocket;
import io.weftmesh.ca.server.control.RotationCommand;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;
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
    footer = "%nTo drive the rotation of the root of a running ca: rotate --help",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli fills the fields.
public final class Main implements Callable<Integer> {
  private static final int INVALID = 2;

  @Mixin private Options options;
  @Spec private CommandSpec spec;

  /** Runs the command line, and exits with its status. */
  public static void main(String[] arguments) {
    System.exit(commandLine(arguments).execute(withoutCommand(arguments)));
  }

  /**
   * The server or its remote control, by the first word. They share no option, and picocli asks for
   * those that a command requires even when a subcommand of it is run.
   */
  static CommandLine commandLine(String... arguments) {
    return new CommandLine(isRotate(arguments) ? new Rotate() : new Main())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler((e, _) -> {
          e.getCommandLine().getErr().println(e.getMessage() + "; see --help");
          return INVALID;
        });
  }

  static String[] withoutCommand(String... arguments) {
    return isRotate(arguments) ? Arrays.copyOfRange(arguments, 1, arguments.length) : arguments;
  }

  private static boolean isRotate(String... arguments) {
    return arguments.length > 0 && arguments[0].equals("rotate");
  }

  @Override
  public Integer call() throws InterruptedException {
    // gRPC logs through java.util.logging.
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
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
      name = "weft-ca-server rotate",
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
