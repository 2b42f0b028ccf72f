package io.weftmesh.proxy.admin.explain;

import java.util.List;

/**
 * One step of a decision.
 *
 * @param subject what was decided on, a word or two that never change: {@code address}, {@code
 *     routes}
 * @param decision what came of it and why, a sentence
 * @param details what else was looked at, in order, a line each
 */
public record Step(String subject, String decision, List<String> details) {
  public Step {
    details = List.copyOf(details);
  }

  static Step of(String subject, String decision) {
    return new Step(subject, decision, List.of());
  }
}
