package io.weftmesh.lab.host;

import static io.weftmesh.lab.host.Template.fill;

import java.util.List;

/** A program of the machine ended with an error. */
public final class CommandFailedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  CommandFailedException(List<String> words, int status, String said) {
    super(fill("%s ended with %d: %s", String.join(" ", words), status, said.strip()));
  }
}
