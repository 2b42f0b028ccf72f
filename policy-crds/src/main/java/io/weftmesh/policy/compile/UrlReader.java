package io.weftmesh.policy.compile;

import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPPathModifier;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRequestRedirectFilter;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPURLRewriteFilter;
import io.weftmesh.policy.model.Filter;
import io.weftmesh.policy.model.PathChange;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads the filters that change what is asked for: redirects and rewrites. */
final class UrlReader {
  private static final int FOUND = 302;
  private static final Set<Integer> STATUSES = Set.of(301, FOUND, 303, 307, 308);
  private static final Set<String> SCHEMES = Set.of("http", "https");

  private UrlReader() {}

  static Filter.Redirect redirect(
      HTTPRequestRedirectFilter redirect, String field, Findings findings) {
    findings.nothingElse(field, redirect.getAdditionalProperties());
    String scheme = redirect.getScheme();
    if (scheme != null && !SCHEMES.contains(scheme)) {
      findings.invalid(field + ".scheme", "is \"" + scheme + "\", expected http or https");
    }
    Integer status = redirect.getStatusCode();
    if (status != null && !STATUSES.contains(status)) {
      findings.invalid(
          field + ".statusCode",
          "is "
              + status
              + ", expected one of "
              + new TreeSet<>(STATUSES)
                  .stream().map(String::valueOf).collect(Collectors.joining(", ")));
    }
    Integer port = findings.within(field + ".port", redirect.getPort(), 1, 65_535);
    return new Filter.Redirect(
        Optional.ofNullable(scheme),
        hostname(redirect.getHostname(), field + ".hostname", findings),
        port == null ? OptionalInt.empty() : OptionalInt.of(port),
        path(redirect.getPath(), field + ".path", findings),
        status == null ? FOUND : status);
  }

  static Filter.Rewrite rewrite(HTTPURLRewriteFilter rewrite, String field, Findings findings) {
    findings.nothingElse(field, rewrite.getAdditionalProperties());
    return new Filter.Rewrite(
        hostname(rewrite.getHostname(), field + ".hostname", findings),
        path(rewrite.getPath(), field + ".path", findings));
  }

  private static Optional<String> hostname(
      @Nullable String hostname, String field, Findings findings) {
    if (hostname != null && !(RouteDraft.isHostname(hostname) && !hostname.startsWith("*"))) {
      findings.invalid(
          field,
          "is \"" + hostname + "\", expected a name such as api.example.com, without a port");
      return Optional.empty();
    }
    return Optional.ofNullable(hostname);
  }

  private static Optional<PathChange> path(
      @Nullable HTTPPathModifier path, String field, Findings findings) {
    if (path == null) {
      return Optional.empty();
    }
    findings.nothingElse(field, path.getAdditionalProperties());
    return switch (path.getType()) {
      case "ReplaceFullPath" ->
          replacement(path.getReplaceFullPath(), field + ".replaceFullPath", findings)
              .map(PathChange.Full::new);
      case "ReplacePrefixMatch" ->
          replacement(path.getReplacePrefixMatch(), field + ".replacePrefixMatch", findings)
              .map(PathChange.Prefix::new);
      case null, default -> {
        findings.invalid(
            field + ".type",
            "is \"" + path.getType() + "\", expected ReplaceFullPath or ReplacePrefixMatch");
        yield Optional.empty();
      }
    };
  }

  /** It goes into a request line and into {@code Location}: nothing in it may end either. */
  private static Optional<String> replacement(
      @Nullable String written, String field, Findings findings) {
    String path = findings.present(field, written);
    if (path == null) {
      return Optional.empty();
    }
    boolean visible = path.chars().allMatch(c -> c > ' ' && c < 0x7f && c != '?' && c != '#');
    if (!visible || !(path.isEmpty() || path.startsWith("/"))) {
      findings.invalid(
          field,
          "is not a path that begins with / and holds neither a query nor anything to be"
              + " percent-encoded");
      return Optional.empty();
    }
    return Optional.of(path);
  }
}
