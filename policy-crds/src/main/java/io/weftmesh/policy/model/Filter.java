package io.weftmesh.policy.model;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** Something that a rule, or one backend of it, does with a request or its answer. */
public sealed interface Filter {

  /** A header and its value. */
  record HeaderValue(String name, String value) {}

  /**
   * Changes headers: first set, then add, then remove.
   *
   * @param set replace what is there
   * @param add append to what is there, with a comma
   * @param remove names, in any case
   */
  record HeaderChange(
      Subject subject, List<HeaderValue> set, List<HeaderValue> add, List<String> remove)
      implements Filter {

    /** Whose headers. */
    public enum Subject {
      REQUEST,
      RESPONSE
    }

    public HeaderChange {
      set = List.copyOf(set);
      add = List.copyOf(add);
      remove = List.copyOf(remove);
    }
  }

  /**
   * Answers with a redirect; nothing is sent to a backend. What is empty stays as in the request.
   *
   * @param status 301, 302, 303, 307 or 308
   */
  record Redirect(
      Optional<String> scheme,
      Optional<String> hostname,
      OptionalInt port,
      Optional<PathChange> path,
      int status)
      implements Filter {}

  /** Changes what the backend is asked for. What is empty stays. */
  record Rewrite(Optional<String> hostname, Optional<PathChange> path) implements Filter {}

  /**
   * Sends a copy of some requests elsewhere, and drops the answers.
   *
   * @param numerator of every {@code denominator} requests, so many are copied
   */
  record Mirror(Backend backend, int numerator, int denominator) implements Filter {}

  /**
   * Answers what browsers ask before a request across origins, and tells them what they may read
   * (Fetch Standard, CORS protocol).
   *
   * @param allowOrigins {@code *}, or origins whose host may begin with {@code *.}
   * @param allowMethods {@code *} is all
   * @param allowHeaders {@code *} is all
   * @param exposeHeaders {@code *} is all
   */
  record Cors(
      List<String> allowOrigins,
      boolean allowCredentials,
      Set<String> allowMethods,
      List<String> allowHeaders,
      List<String> exposeHeaders,
      int maxAgeSeconds)
      implements Filter {
    public Cors {
      allowOrigins = List.copyOf(allowOrigins);
      allowMethods = Set.copyOf(allowMethods);
      allowHeaders = List.copyOf(allowHeaders);
      exposeHeaders = List.copyOf(exposeHeaders);
    }
  }

  /**
   * Something that was written and can't be honoured: every request that meets it is answered with
   * 500, because doing the rest without it would not be what was asked for.
   */
  record Unsupported(String what) implements Filter {}
}
