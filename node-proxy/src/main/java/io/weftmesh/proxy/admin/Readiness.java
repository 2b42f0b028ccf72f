package io.weftmesh.proxy.admin;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/**
 * Whether this process does all that it should, and if not, what is missing, by name. Thread-safe.
 *
 * <p>Each part of the process brings a check, which is asked whenever somebody asks for the
 * readiness: there is no state here that could be out of date.
 */
public final class Readiness {
  private final List<NamedCheck> checks = new CopyOnWriteArrayList<>();

  /**
   * Adds a part of the process.
   *
   * @param name what an operator knows the part by, e.g. {@code redirector}
   * @param missing what keeps the part from being ready, a line each, in words that a person can
   *     act on; empty when nothing does. Called on any thread; must not block.
   */
  public void add(String name, Supplier<List<String>> missing) {
    checks.add(new NamedCheck(name, missing));
  }

  /** What is not ready at this moment, a line each, {@code name: reason}; empty when all is. */
  public List<String> notReady() {
    List<String> lines = new ArrayList<>();
    for (NamedCheck check : checks) {
      for (String reason : check.missing().get()) {
        lines.add(check.name() + ": " + reason);
      }
    }
    return lines;
  }

  private record NamedCheck(String name, Supplier<List<String>> missing) {}
}
