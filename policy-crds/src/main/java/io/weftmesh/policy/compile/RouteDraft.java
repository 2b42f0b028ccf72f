package io.weftmesh.policy.compile;

import io.fabric8.kubernetes.api.model.gatewayapi.v1.ParentReference;
import io.weftmesh.policy.compile.RouteSpec.Rule;
import io.weftmesh.policy.model.HostMatch;
import io.weftmesh.policy.model.RouteOrigin;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A route while it is read: what all kinds have in common, and what is wrong with it so far. */
final class RouteDraft {
  /** A name in DNS, perhaps with a wildcard as its first label (Gateway API, {@code Hostname}). */
  private static final Pattern HOSTNAME =
      Pattern.compile("(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");

  private static final Pattern ADDRESS = Pattern.compile("[0-9]+(\\.[0-9]+){3}");
  private static final int MAX_HOSTNAME = 253;

  /** What Gateway API puts in the place of rules that are left out. */
  private static final Rule EVERYTHING =
      new Rule(List.of(), List.of(), List.of(), RouteSettings.SILENT, List.of());

  private final Written<RouteSpec> object;
  private final RouteOrigin.Kind kind;
  private final Set<Problem> problems = new LinkedHashSet<>();
  private final Findings findings;
  private final List<RouteSpec.Parent> parents = new ArrayList<>();
  private final List<HostMatch> hosts = new ArrayList<>();
  private final List<Rule> rules = new ArrayList<>();

  RouteDraft(Written<RouteSpec> object, RouteOrigin.Kind kind) {
    this.object = object;
    this.kind = kind;
    this.findings =
        findings("until that is mended, all that meets this route is answered with 500");
  }

  /** Reads the rules, one by one. */
  interface RuleReader<R> {
    /**
     * Reads one.
     *
     * @param field its path from the object's root
     * @param findings what is wrong with this rule
     */
    Rule read(R rule, String field, Findings findings);
  }

  /** Fields of the object or its spec that nobody knows. */
  RouteDraft nothingElse(String field, Map<String, Object> unknown) {
    findings.nothingElse(field, unknown);
    return this;
  }

  RouteDraft parents(@Nullable List<ParentReference> written) {
    for (int i = 0; i < count(written); i++) {
      String field = "spec.parentRefs[" + i + "]";
      ParentReference ref = findings.present(field, at(written, i));
      if (ref != null && isOurs(ref)) {
        findings.nothingElse(field, ref.getAdditionalProperties());
        parents.add(
            new RouteSpec.Parent(
                field,
                ref.getGroup(),
                ref.getKind(),
                ref.getNamespace(),
                ref.getName(),
                ref.getPort(),
                ref.getSectionName()));
      }
    }
    return this;
  }

  RouteDraft hosts(@Nullable List<String> written) {
    for (int i = 0; i < count(written); i++) {
      String field = "spec.hostnames[" + i + "]";
      String host = findings.required(field, at(written, i));
      if (host == null) {
        continue;
      }
      if (!isHostname(host)) {
        findings.invalid(
            field,
            "is \""
                + host
                + "\", expected a name such as api.example.com or *.example.com, without"
                + " a port");
        continue;
      }
      hosts.add(new HostMatch(host));
    }
    return this;
  }

  <R> RouteDraft rules(@Nullable List<R> written, RuleReader<R> reader) {
    for (int i = 0; i < count(written); i++) {
      String field = "spec.rules[" + i + "]";
      Findings ofTheRule =
          findings("until that is mended, all that meets this rule is answered with 500");
      R rule = ofTheRule.present(field, at(written, i));
      rules.add(
          rule == null
              ? new Rule(List.of(), List.of(), List.of(), RouteSettings.SILENT, ofTheRule.faults())
              : reader.read(rule, field, ofTheRule));
    }
    return this;
  }

  /** Reads the rule of a kind whose rules have no conditions, so that a second could never hold. */
  <R> RouteDraft oneRule(@Nullable List<R> written, RuleReader<R> reader) {
    if (count(written) > 1) {
      findings.invalid(
          "spec.rules",
          "has "
              + count(written)
              + " entries, expected one: nothing says which connections the others are for");
    }
    return rules(written, reader);
  }

  /** The route as it was read; nothing may be added after that. */
  RouteSpec finish() {
    List<Rule> all = new ArrayList<>();
    for (Rule rule : rules.isEmpty() ? List.of(EVERYTHING) : rules) {
      all.add(rule.with(findings.faults()));
    }
    return new RouteSpec(kind, parents, hosts, all, List.copyOf(problems));
  }

  /** A route without a spec, which routes nothing. */
  RouteSpec withoutSpec() {
    findings.idle("spec", Problem.Reason.INVALID, "is missing");
    return new RouteSpec(kind, List.of(), List.of(), List.of(), List.copyOf(problems));
  }

  /**
   * A Service, be it in the group that Gateway API takes for granted where none is written: that is
   * a mistake which nobody else would report. All else has a controller of its own.
   */
  private static boolean isOurs(ParentReference ref) {
    String group = ref.getGroup() == null ? ParentRefs.GATEWAY_GROUP : ref.getGroup();
    return "Service".equals(ref.getKind())
        && (ParentRefs.isOfServices(group) || group.equals(ParentRefs.GATEWAY_GROUP));
  }

  private Findings findings(String consequence) {
    return new Findings(object, problems, consequence, Problem.Reason.UNSUPPORTED_VALUE);
  }

  /** Whether the text is a name in DNS, perhaps with a wildcard, and no address. */
  static boolean isHostname(String text) {
    return text.length() <= MAX_HOSTNAME
        && HOSTNAME.matcher(text).matches()
        && !ADDRESS.matcher(text).matches();
  }

  /** The number of entries in a list that may have been left out. */
  static int count(@Nullable List<?> list) {
    return list == null ? 0 : list.size();
  }

  /** An entry of a list; null for one that stands there empty. */
  static <T> @Nullable T at(@Nullable List<T> list, int index) {
    return list == null ? null : list.get(index);
  }
}
