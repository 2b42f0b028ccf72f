package io.weftmesh.ca.api;

import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A SPIFFE ID, as the SPIFFE-ID standard has it: {@code spiffe://<trust domain>[/<path>]}.
 *
 * <p>Parsing accepts or refuses, it never normalises: an identity decides who may call whom, so two
 * spellings of one identity must not exist. Only ASCII comparisons are made, so that no
 * locale-dependent or Unicode folding can turn a foreign character into a legal one.
 *
 * <p>Immutable; equal when the text is.
 */
public final class SpiffeId {
  /** The standard's bound on the whole ID, in bytes; legal IDs are ASCII. */
  public static final int MAX_BYTES = 2048;

  /** The standard's bound on the trust domain, in bytes. */
  public static final int MAX_TRUST_DOMAIN_BYTES = 255;

  private static final String SCHEME = "spiffe://";
  private static final String NAMESPACE = "/ns/";
  private static final String SERVICE_ACCOUNT = "/sa/";

  private final String text;
  private final String trustDomain;
  private final @Nullable String namespace;
  private final @Nullable String serviceAccount;

  private SpiffeId(String text, int pathStart) {
    this.text = text;
    this.trustDomain = text.substring(SCHEME.length(), pathStart);
    int divider = workloadDivider(text, pathStart);
    this.namespace = divider < 0 ? null : text.substring(pathStart + NAMESPACE.length(), divider);
    this.serviceAccount =
        divider < 0 ? null : text.substring(divider + SERVICE_ACCOUNT.length(), text.length());
  }

  /**
   * Parses an ID, with or without a path.
   *
   * @throws IllegalArgumentException if the text is not a SPIFFE ID, saying why
   */
  public static SpiffeId parse(String text) {
    if (text.length() > MAX_BYTES) {
      throw new IllegalArgumentException(
          "a SPIFFE ID has at most " + MAX_BYTES + " bytes, this one has " + text.length());
    }
    if (!text.startsWith(SCHEME)) {
      throw refused(text, "it must start with \"" + SCHEME + "\" in lower case");
    }
    int slash = text.indexOf('/', SCHEME.length());
    int pathStart = slash < 0 ? text.length() : slash;
    checkTrustDomain(text, SCHEME.length(), pathStart);
    checkPath(text, pathStart);
    return new SpiffeId(text, pathStart);
  }

  /**
   * The identity of a service account's pods: {@code spiffe://<td>/ns/<namespace>/sa/<account>}.
   *
   * @throws IllegalArgumentException if a part is empty or holds a character that is not allowed
   */
  public static SpiffeId workload(String trustDomain, String namespace, String serviceAccount) {
    checkTrustDomain(trustDomain, 0, trustDomain.length());
    checkSegment(namespace, 0, namespace.length());
    checkSegment(serviceAccount, 0, serviceAccount.length());
    return parse(SCHEME + trustDomain + NAMESPACE + namespace + SERVICE_ACCOUNT + serviceAccount);
  }

  /**
   * The ID of a trust domain itself, as a signing certificate carries it: without a path.
   *
   * @throws IllegalArgumentException if the name is not one of a trust domain
   */
  public static SpiffeId ofTrustDomain(String trustDomain) {
    checkTrustDomain(trustDomain, 0, trustDomain.length());
    return parse(SCHEME + trustDomain);
  }

  public String trustDomain() {
    return trustDomain;
  }

  /** The path with its leading slash, or an empty string for the ID of a trust domain. */
  public String path() {
    return text.substring(SCHEME.length() + trustDomain.length());
  }

  /** The namespace, when the path has the form {@code /ns/<namespace>/sa/<service account>}. */
  public Optional<String> namespace() {
    return Optional.ofNullable(namespace);
  }

  /** The service account, when the path has the form of a workload's. */
  public Optional<String> serviceAccount() {
    return Optional.ofNullable(serviceAccount);
  }

  /** Where "/sa/" starts in a path of exactly the form /ns/x/sa/y, or -1. */
  private static int workloadDivider(String text, int pathStart) {
    if (!text.startsWith(NAMESPACE, pathStart)) {
      return -1;
    }
    int divider = text.indexOf('/', pathStart + NAMESPACE.length());
    if (divider < 0 || !text.startsWith(SERVICE_ACCOUNT, divider)) {
      return -1;
    }
    return text.indexOf('/', divider + SERVICE_ACCOUNT.length()) < 0 ? divider : -1;
  }

  private static void checkTrustDomain(String text, int start, int end) {
    if (start == end) {
      throw refused(text, "the trust domain is empty");
    }
    if (end - start > MAX_TRUST_DOMAIN_BYTES) {
      throw refused(text, "a trust domain has at most " + MAX_TRUST_DOMAIN_BYTES + " bytes");
    }
    for (int i = start; i < end; i++) {
      if (!isTrustDomainCharacter(text.charAt(i))) {
        throw refused(text, i, "a trust domain is made of a-z, 0-9, '.', '-' and '_'");
      }
    }
  }

  private static void checkPath(String text, int pathStart) {
    int start = pathStart;
    while (start < text.length()) {
      int slash = text.indexOf('/', start + 1);
      int end = slash < 0 ? text.length() : slash;
      checkSegment(text, start + 1, end);
      start = end;
    }
  }

  private static void checkSegment(String text, int start, int end) {
    if (start == end) {
      throw refused(text, "a path segment is empty");
    }
    for (int i = start; i < end; i++) {
      if (!isPathCharacter(text.charAt(i))) {
        throw refused(text, i, "a path segment is made of a-z, A-Z, 0-9, '.', '-' and '_'");
      }
    }
    int length = end - start;
    if (length <= 2 && text.charAt(start) == '.' && text.charAt(end - 1) == '.') {
      throw refused(text, "a path segment is \".\" or \"..\"");
    }
  }

  private static boolean isTrustDomainCharacter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  }

  private static boolean isPathCharacter(char c) {
    return isTrustDomainCharacter(c) || (c >= 'A' && c <= 'Z');
  }

  private static IllegalArgumentException refused(String text, int index, String why) {
    return refused(
        text,
        String.format(Locale.ROOT, "%s, not U+%04X at %d", why, (int) text.charAt(index), index));
  }

  private static IllegalArgumentException refused(String text, String why) {
    return new IllegalArgumentException("no SPIFFE ID: \"" + Printable.of(text) + "\": " + why);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof SpiffeId id && id.text.equals(text);
  }

  @Override
  public int hashCode() {
    return Objects.hashCode(text);
  }

  /** The ID as it stands in a certificate. */
  @Override
  public String toString() {
    return text;
  }
}
