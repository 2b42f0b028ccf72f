package io.weftmesh.ca.server.control;

/**
 * What the ca answers to a command.
 *
 * @param text for people; one line
 */
public record Answer(Outcome outcome, String text) {

  /** How a command ended, and the exit status that says so. */
  public enum Outcome {
    DONE(0),
    /** Not now: the text says what is missing. */
    REFUSED(3),
    /** Something broke: the text says what. */
    FAILED(1);

    private final int exitStatus;

    Outcome(int exitStatus) {
      this.exitStatus = exitStatus;
    }

    public int exitStatus() {
      return exitStatus;
    }
  }
}
