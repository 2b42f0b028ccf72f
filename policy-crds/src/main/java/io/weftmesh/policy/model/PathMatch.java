package io.weftmesh.policy.model;

import com.google.re2j.Pattern;
import java.util.Comparator;

/** A condition on the path of a request. Percent-encoding is compared as sent. */
public sealed interface PathMatch {

  /** Whether the path, given without query, meets the condition. */
  boolean matches(String path);

  /** How particular the condition is, beside the others of its table. */
  Rank rank();

  /**
   * The more particular first: all of a path, then what says more of it.
   *
   * @param length of the prefix or expression; of that for the service, for a gRPC call
   * @param methodLength of what is said of a gRPC call's method; 0 for all else
   */
  record Rank(boolean exact, int length, int methodLength) implements Comparable<Rank> {
    /** Any path. */
    static final Rank LAST = new Rank(false, 0, 0);

    private static final Comparator<Rank> ORDER =
        Comparator.comparing((Rank rank) -> !rank.exact)
            .thenComparingInt(rank -> -rank.length)
            .thenComparingInt(rank -> -rank.methodLength);

    @Override
    public int compareTo(Rank other) {
      return ORDER.compare(this, other);
    }
  }

  /** The path, character by character. */
  record Exact(String path) implements PathMatch {
    @Override
    public boolean matches(String candidate) {
      return candidate.equals(path);
    }

    @Override
    public Rank rank() {
      return new Rank(true, 0, 0);
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
    public Rank rank() {
      return new Rank(false, path.length(), 0);
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
    private final Rank rank;

    /**
     * An expression that ranks as a prefix of its length.
     *
     * @throws com.google.re2j.PatternSyntaxException when it is none
     */
    public Regex(String expression) {
      this(expression, new Rank(false, expression.length(), 0));
    }

    /**
     * An expression with a rank of its own.
     *
     * @throws com.google.re2j.PatternSyntaxException when it is none
     */
    public Regex(String expression, Rank rank) {
      this.pattern = Pattern.compile(expression);
      this.rank = rank;
    }

    @Override
    public boolean matches(String candidate) {
      return pattern.matches(candidate);
    }

    @Override
    public Rank rank() {
      return rank;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Regex regex
          && regex.pattern.equals(pattern)
          && regex.rank.equals(rank);
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
