package io.weftmesh.policy.compile;

/**
 * Something in an object that cannot be honoured, for its status, the log and explaining.
 *
 * @param object kind, namespace and name
 * @param field its path from the object's root
 * @param what what is wrong with it, with the value and what was expected
 * @param consequence what happens to the traffic meanwhile, and what to do
 */
public record Problem(String object, String field, Reason reason, String what, String consequence) {

  /** The reason of the status condition that tells of the problem. */
  public enum Reason {
    INVALID("Accepted", "Invalid"),
    CONFLICTED("Accepted", "Conflicted"),
    TARGET_NOT_FOUND("Accepted", "TargetNotFound"),
    TARGET_UNSUPPORTED("Accepted", "UnsupportedTarget"),
    NO_MATCHING_PARENT("Accepted", "NoMatchingParent"),
    PARENT_NOT_ALLOWED("Accepted", "NotAllowedByParent"),
    UNSUPPORTED_VALUE("Accepted", "UnsupportedValue"),
    INCOMPATIBLE_FILTERS("Accepted", "IncompatibleFilters"),
    BACKEND_NOT_FOUND("ResolvedRefs", "BackendNotFound"),
    BACKEND_UNSUPPORTED("ResolvedRefs", "UnsupportedBackend"),
    INVALID_KIND("ResolvedRefs", "InvalidKind");

    private final String condition;
    private final String text;

    Reason(String condition, String text) {
      this.condition = condition;
      this.text = text;
    }

    /** The type of the condition. */
    public String condition() {
      return condition;
    }

    /** The condition's reason. */
    public String text() {
      return text;
    }
  }

  /** What the condition's message says. */
  public String message() {
    return field + " " + what + "; " + consequence;
  }

  @Override
  public String toString() {
    return object + ": " + message();
  }
}
