package io.weftmesh.ca.server.node;

/** A service account of Kubernetes. */
public record ServiceAccount(String namespace, String name) {
  /**
   * Parses {@code namespace/name}.
   *
   * @throws IllegalArgumentException if it has another form
   */
  public static ServiceAccount parse(String text) {
    int slash = text.indexOf('/');
    if (slash <= 0 || slash == text.length() - 1 || text.indexOf('/', slash + 1) >= 0) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is no service account, expected namespace/name");
    }
    return new ServiceAccount(text.substring(0, slash), text.substring(slash + 1));
  }

  /** As the subject of a token. */
  String subject() {
    return "system:serviceaccount:" + namespace + ":" + name;
  }

  @Override
  public String toString() {
    return namespace + "/" + name;
  }
}
