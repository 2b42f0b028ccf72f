package io.weftmesh.ca.server;

/** A value on the command line that won't do: which, what was expected, what to do. One line. */
final class InvalidSettingException extends Exception {
  private static final long serialVersionUID = 1L;

  InvalidSettingException(String option, Object value, String problem) {
    super(option + " " + value + ": " + problem);
  }
}
