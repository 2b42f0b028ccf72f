package io.weftmesh.policy;

/**
 * What Kubernetes takes for a label, as its API server checks it: a key is a name, perhaps behind a
 * domain and a slash; a value is such a name, or empty. What is read from a folder of manifests
 * nobody has checked.
 */
public final class LabelSyntax {
  private static final int MAX_NAME = 63;
  private static final int MAX_DOMAIN = 253;

  private LabelSyntax() {}

  public static boolean isKey(String key) {
    int slash = key.indexOf('/');
    return slash < 0
        ? isName(key)
        : isDomain(key.substring(0, slash)) && isName(key.substring(slash + 1));
  }

  public static boolean isValue(String value) {
    return value.isEmpty() || isName(value);
  }

  private static boolean isName(String text) {
    if (text.isEmpty() || text.length() > MAX_NAME || !isBounded(text)) {
      return false;
    }
    return text.chars().allMatch(c -> isAlphanumeric(c) || c == '-' || c == '_' || c == '.');
  }

  /** A subdomain of RFC 1123. */
  private static boolean isDomain(String text) {
    if (text.length() > MAX_DOMAIN) {
      return false;
    }
    for (String part : text.split("\\.", -1)) {
      if (part.isEmpty()
          || part.length() > MAX_NAME
          || !isBounded(part)
          || !part.chars().allMatch(c -> (isAlphanumeric(c) && !isUpperCase(c)) || c == '-')) {
        return false;
      }
    }
    return true;
  }

  private static boolean isBounded(String text) {
    return isAlphanumeric(text.charAt(0)) && isAlphanumeric(text.charAt(text.length() - 1));
  }

  private static boolean isAlphanumeric(int c) {
    return (c >= 'a' && c <= 'z') || isUpperCase(c) || (c >= '0' && c <= '9');
  }

  private static boolean isUpperCase(int c) {
    return c >= 'A' && c <= 'Z';
  }
}
