package io.weftmesh.policy.manifest;

/** A file that cannot be understood, with the line where that shows. */
final class ManifestException extends Exception {
  private static final long serialVersionUID = 1;

  private final int line;
  private final String problem;

  ManifestException(int line, String message) {
    super(message, null, false, false);
    this.line = line;
    this.problem = message;
  }

  int line() {
    return line;
  }

  String problem() {
    return problem;
  }
}
