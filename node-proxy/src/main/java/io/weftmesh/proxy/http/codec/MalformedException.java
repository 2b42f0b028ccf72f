package io.weftmesh.proxy.http.codec;

/**
 * The peer sent what is not HTTP, or not an HTTP that can be forwarded safely. After it the
 * position in HTTP/1's byte stream is unknown, so nothing more may be read from that connection; of
 * HTTP/2, the stream alone is lost.
 */
public final class MalformedException extends Exception {
  private static final long serialVersionUID = 1;

  /** What kind of wrong, because the answers differ. */
  public enum Kind {
    /** Not by the grammar, or ambiguous. */
    SYNTAX,
    /** Head or trailers over the limit. */
    TOO_LARGE,
    /** A version that is not spoken here. */
    VERSION,
    /** A transfer coding that is not spoken here. */
    CODING,
  }

  private final Kind kind;
  private final String problem;

  MalformedException(Kind kind, String message) {
    // Hostile input must not be able to buy stack traces.
    super(message, null, false, false);
    this.kind = kind;
    this.problem = message;
  }

  /** Not by the grammar, or not in this place. */
  public static MalformedException syntax(String message) {
    return new MalformedException(Kind.SYNTAX, message);
  }

  /** More than is allowed. */
  public static MalformedException tooLarge(String message) {
    return new MalformedException(Kind.TOO_LARGE, message);
  }

  /** What is wrong, as a sentence without its full stop. */
  public String problem() {
    return problem;
  }

  public Kind kind() {
    return kind;
  }
}
