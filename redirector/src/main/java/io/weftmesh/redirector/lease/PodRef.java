package io.weftmesh.redirector.lease;

import java.net.InetAddress;
import java.util.List;

/**
 * A pod of this node: how the redirector finds it, names it in its log, and what it leaves alone.
 *
 * @param uid metadata.uid; also the name of its namespace's file where namespaces are found by file
 * @param namespace its Kubernetes namespace, for people
 * @param name its name, for people
 * @param addresses status.podIPs, for people
 * @param exclusions what is not captured
 */
public record PodRef(
    String uid, String namespace, String name, List<InetAddress> addresses, Exclusions exclusions) {

  /** The most addresses of one pod. */
  public static final int MAX_ADDRESSES = 16;

  private static final int MAX_UID_LENGTH = 64;
  private static final int MAX_NAME_LENGTH = 253;

  /** Checks what a file name and a line of the log are made of. */
  public PodRef {
    checkUid(uid);
    checkName("namespace", namespace);
    checkName("name", name);
    addresses = List.copyOf(addresses);
    if (addresses.size() > MAX_ADDRESSES) {
      throw new IllegalArgumentException(
          "pod has " + addresses.size() + " addresses, expected at most " + MAX_ADDRESSES);
    }
  }

  /**
   * A UID is the name of a file and a part of a cgroup's: letters, digits, dashes and underscores.
   *
   * @throws IllegalArgumentException if it is anything else
   */
  public static void checkUid(String uid) {
    checkText("pod uid", uid, MAX_UID_LENGTH, "-_");
  }

  private static void checkName(String what, String value) {
    checkText("pod " + what, value, MAX_NAME_LENGTH, "-_.");
  }

  private static void checkText(String what, String value, int maxLength, String alsoAllowed) {
    boolean valid = !value.isEmpty() && value.length() <= maxLength;
    for (int i = 0; valid && i < value.length(); i++) {
      char c = value.charAt(i);
      valid =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || alsoAllowed.indexOf(c) >= 0;
    }
    if (!valid) {
      throw new IllegalArgumentException(
          what
              + " has "
              + value.length()
              + " characters, expected 1 to "
              + maxLength
              + " letters, digits and "
              + alsoAllowed);
    }
  }

  @Override
  public String toString() {
    return namespace + '/' + name + " (" + uid + ')';
  }
}
