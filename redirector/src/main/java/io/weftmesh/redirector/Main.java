package io.weftmesh.redirector;

import io.weftmesh.redirector.log.Log;
import java.io.IOException;
import java.time.Duration;

/** The redirector's process. */
public final class Main {
  private static final Duration VERIFY_EVERY = Duration.ofSeconds(30);

  private Main() {}

  /** Serves until killed; ends with 2 if the command line is wrong, 1 if it can't begin. */
  public static void main(String[] arguments) {
    Settings settings;
    try {
      settings = Settings.parse(arguments);
    } catch (IllegalArgumentException wrong) {
      System.err.println("weft-redirector: " + wrong.getMessage());
      System.exit(2);
      return;
    }
    try {
      Isolation.ensure();
      Log.info("starting: " + settings);
      new Redirector(settings, VERIFY_EVERY).run();
    } catch (IOException failed) {
      System.err.println("weft-redirector: " + failed.getMessage());
      System.exit(1);
    }
  }
}
