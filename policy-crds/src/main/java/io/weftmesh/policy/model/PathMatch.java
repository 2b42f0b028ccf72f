package io.weftmesh.policy.model;

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
}
