package io.weftmesh.policy.model;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;

/** A condition on the value of a header or a query parameter. */
public sealed interface ValueMatch {

  /** Whether a value meets the condition. */
  boolean matches(String value);

  /** The value, character by character. */
  record Exact(String value) implements ValueMatch {
    @Override
    public boolean matches(String candidate) {
      return candidate.equals(value);
    }

    @Override
    public String toString() {
      return "= " + value;
    }
  }

  /**
   * The whole value is of a regular expression, by RE2's syntax and in time that grows linearly
   * with the value: it comes from whoever sends the request.
   */
  final class Regex implements ValueMatch {
    private final Pattern pattern;

    /**
     * @throws PatternSyntaxException when it is none
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
      return "~ " + pattern;
    }
  }
}
