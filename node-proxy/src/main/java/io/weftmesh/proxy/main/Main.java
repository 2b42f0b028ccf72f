package io.weftmesh.proxy.main;

import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;

/**
 * Starts the node proxy.
 *
 * <p>Exit codes: 0 after a drain, 1 when it could not start or died, 2 for a wrong command line.
 */
@CommandLine.Command(name = "weft-node-proxy", subcommands = ExplainCommand.class)
public final class Main implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(Main.class);

  @Mixin private final Options options = new Options();

  private Main() {}

  public static void main(String[] arguments) {
    int code =
        new CommandLine(new Main())
            .setParameterExceptionHandler((wrong, given) ->
                oneLine(wrong.getCommandLine(), wrong, CommandLine.ExitCode.USAGE))
            .setExecutionExceptionHandler((failure, command, parsed) -> failed(command, failure))
            .execute(arguments);
    if (code != CommandLine.ExitCode.OK) {
      Logging.flush();
      System.exit(code);
    }
  }

  @Override
  public Integer call() throws Exception {
    Settings settings = options.toSettings(Runtime.getRuntime().availableProcessors());
    log.info("weft-node-proxy {} starts with {}", Version.current(), settings);
    NodeProxy proxy = NodeProxy.start(settings);
    Runtime.getRuntime()
        .addShutdownHook(Thread.ofPlatform().name("weft-drain").unstarted(() -> end(proxy)));
    proxy.awaitClose();
    return CommandLine.ExitCode.OK;
  }

  /** The JVM's own answer to SIGTERM would be 143, though everything went as it should. */
  private static void end(NodeProxy proxy) {
    int code = CommandLine.ExitCode.SOFTWARE;
    try {
      proxy.drainAndClose();
      code = CommandLine.ExitCode.OK;
    } catch (RuntimeException failure) {
      log.error("weft-node-proxy could not end in order", failure);
    }
    Logging.flush();
    Runtime.getRuntime().halt(code);
  }

  private static int failed(CommandLine command, Exception failure) {
    if (failure instanceof IllegalArgumentException) {
      return oneLine(command, failure, CommandLine.ExitCode.USAGE);
    }
    log.error("weft-node-proxy could not start", failure);
    return CommandLine.ExitCode.SOFTWARE;
  }

  private static int oneLine(CommandLine command, Exception failure, int code) {
    command.getErr().println("weft-node-proxy: " + failure.getMessage());
    return code;
  }
}
