package io.weftmesh.policy.compile;

import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPHeader;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPHeaderFilter;
import io.weftmesh.policy.model.Filter.HeaderChange;
import io.weftmesh.policy.model.Filter.HeaderChange.Subject;
import io.weftmesh.policy.model.Filter.HeaderValue;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads filters that change headers. What could change where a message ends is refused. */
final class HeaderChanges {
  /**
   * Headers that say how the message is framed, or hold for one connection only (RFC 9110, 7.6).
   */
  private static final Set<String> FRAMING =
      Set.of(
          "connection",
          "content-length",
          "keep-alive",
          "proxy-connection",
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade");

  private HeaderChanges() {}

  static HeaderChange read(
      Subject subject, HTTPHeaderFilter filter, String field, Findings findings) {
    findings.nothingElse(field, filter.getAdditionalProperties());
    List<String> remove = new ArrayList<>();
    for (int i = 0; i < RouteDraft.count(filter.getRemove()); i++) {
      String name =
          changeable(RouteDraft.at(filter.getRemove(), i), field + ".remove[" + i + "]", findings);
      if (name != null) {
        remove.add(name);
      }
    }
    return new HeaderChange(
        subject,
        values(filter.getSet(), field + ".set", findings),
        values(filter.getAdd(), field + ".add", findings),
        remove);
  }

  /** The name of a header (RFC 9110, 5.1); null, and a problem, if it is none. */
  static @Nullable String name(@Nullable String written, String field, Findings findings) {
    String name = findings.required(field, written);
    if (name != null && !isToken(name)) {
      findings.invalid(field, "is \"" + printable(name) + "\", expected the name of a header");
      return null;
    }
    return name;
  }

  /** Of several values for one header the first counts, as Gateway API has it. */
  private static List<HeaderValue> values(
      @Nullable List<HTTPHeader> written, String list, Findings findings) {
    Map<String, HeaderValue> values = new LinkedHashMap<>();
    for (int i = 0; i < RouteDraft.count(written); i++) {
      String field = list + "[" + i + "]";
      HTTPHeader header = findings.present(field, RouteDraft.at(written, i));
      if (header == null) {
        continue;
      }
      findings.nothingElse(field, header.getAdditionalProperties());
      String name = changeable(header.getName(), field + ".name", findings);
      String value = findings.present(field + ".value", header.getValue());
      if (value != null && !isFieldValue(value)) {
        findings.invalid(
            field + ".value",
            "is \""
                + printable(value)
                + "\", expected text without control characters, and no"
                + " space at either end");
      } else if (name != null && value != null) {
        values.putIfAbsent(name.toLowerCase(Locale.ROOT), new HeaderValue(name, value));
      }
    }
    return List.copyOf(values.values());
  }

  private static @Nullable String changeable(
      @Nullable String written, String field, Findings findings) {
    String name = name(written, field, findings);
    String lower = name == null ? "" : name.toLowerCase(Locale.ROOT);
    if (FRAMING.contains(lower)) {
      findings.invalid(
          field, "is \"" + name + "\", which says how the message is framed and is not changed");
      return null;
    }
    if (lower.equals("host")) {
      findings.invalid(
          field, "is \"" + name + "\", expected a URLRewrite filter with a hostname for that");
      return null;
    }
    return name;
  }

  private static boolean isToken(String name) {
    return name.chars()
        .allMatch(c ->
            (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || "!#$%&'*+-.^_`|~".indexOf(c) >= 0);
  }

  /** RFC 9110, 5.5: a line break in it would begin another header, or another message. */
  private static boolean isFieldValue(String value) {
    return value.equals(value.strip())
        && value.chars().allMatch(c -> c == '\t' || (c >= ' ' && c != 0x7f && c <= 0xff));
  }

  private static String printable(String text) {
    StringBuilder printable = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' || c == 0x7f) {
        printable.append("\\x").append(HexFormat.of().toHexDigits((byte) c));
      } else {
        printable.append(c);
      }
    }
    return printable.toString();
  }
}
