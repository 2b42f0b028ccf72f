package io.weftmesh.policy.manifest;

import java.nio.file.Path;

/**
 * Something in a manifest folder that a person should know of.
 *
 * @param line the line in the file, from 1; 0 if the file as a whole is meant
 */
public record ManifestProblem(Path file, int line, Severity severity, String message) {

  /** What a problem does to the file it is in. */
  public enum Severity {
    /** The file is not read: what it last said, if it ever said anything, stays in force. */
    FILE_REJECTED,
    /** One document is left out, the rest of the file is in force. */
    DOCUMENT_IGNORED
  }

  /** {@code echo.yaml:14: what is wrong}. */
  @Override
  public String toString() {
    return file.getFileName() + (line > 0 ? ":" + line : "") + ": " + message;
  }
}
