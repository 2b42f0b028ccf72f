package io.weftmesh.policy.model;

import com.google.re2j.Pattern;

/** A condition on the path of a request. Percent-encoding is compared as sent. */
public sealed interface PathMatch {

  /** Whether the path, given without query, meets the condition. */
  boolean matches(String path);

  /** The path, character by character. */
  record Exact(String path) implements PathMatch {
    @Override
    public boolean matches(String candidate) {
      return candidate.equals(path);
    }

    @Override
    public String toString() {
      return "path = " + path;
    }
  }

  /**
   * The first segments of the path: {@code /v2} is met by {@code /v2}, {@code /v2/} and {@code
   * /v2/x}, and not by {@code /v2x}. A slash at the end says nothing.
   *
   * @param path without the slash at its end; empty for {@code /}, which every path meets
   */
  record Prefix(String path) implements PathMatch {
    public Prefix {
      while (path.endsWith("/")) {
        path = path.substring(0, path.length() - 1);
      }
    }

    @Override
    public boolean matches(String candidate) {
      return candidate.startsWith(path)
          && (candidate.length() == path.length() || candidate.charAt(path.length()) == '/');
    }

    @Override
    public String toString() {
      return "path under " + path + "/";
    }
  }

  /**
   * The whole path is of a regular expression, by RE2's syntax and in time that grows linearly with
   * the path.
   */
  final class Regex implements PathMatch {
    private final Pattern pattern;

    /**
     * @throws com.google.re2j.PatternSyntaxException when it is none
     */
    public Regex(String expression) {
      this.pattern = Pattern.compile(expression);
    }

    @Override
    public boolean matches(String candidate) {
      return pattern.matches(candidate);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Regex regex && regex.pattern.equals(pattern);
    }

    @Override
    public int hashCode() {
      return pattern.hashCode();
    }

    @Override
    public String toString() {
      return "path ~ " + pattern;
    }
  }
}
