package io.weftmesh.policy.model;

/** What becomes of the path of a request, or of the place that it is sent to. The query stays. */
public sealed interface PathChange {

  /**
   * The path after the change.
   *
   * @param path as sent, without query
   * @param matched the condition that led here
   */
  String apply(String path, PathMatch.Prefix matched);

  /** All of it. */
  record Full(String path) implements PathChange {
    @Override
    public String apply(String old, PathMatch.Prefix matched) {
      return path.isEmpty() ? "/" : path;
    }
  }

  /**
   * The prefix that was matched, segment by segment, as the table in Gateway API's {@code
   * HTTPPathModifier} has it.
   *
   * @param replacement without the slash at its end
   */
  record Prefix(String replacement) implements PathChange {
    public Prefix {
      while (replacement.endsWith("/")) {
        replacement = replacement.substring(0, replacement.length() - 1);
      }
    }

    @Override
    public String apply(String old, PathMatch.Prefix matched) {
      String rest = old.substring(Math.min(matched.path().length(), old.length()));
      String changed = replacement + rest;
      return changed.isEmpty() ? "/" : changed;
    }
  }
}
