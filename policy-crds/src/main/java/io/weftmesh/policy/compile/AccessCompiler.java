package io.weftmesh.policy.compile;

import io.weftmesh.policy.OptIn;
import io.weftmesh.policy.model.AccessRule;
import io.weftmesh.policy.model.AccessRule.From;
import io.weftmesh.policy.model.AccessRules;
import io.weftmesh.policy.model.HeaderMatch;
import io.weftmesh.policy.model.PathMatch;
import io.weftmesh.policy.model.PlainPath;
import io.weftmesh.policy.model.RequestCondition;
import io.weftmesh.policy.v1alpha1.AccessPolicySpec;
import io.weftmesh.policy.v1alpha1.FaultSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code AccessPolicy} objects to rules. An object that is unfit denies all it may be about. */
final class AccessCompiler {
  private static final int MOST = 64;
  private static final int MOST_IN_REQUEST = 16;
  private static final String CONSEQUENCE =
      "until it is corrected, all calls to the pods that it may be about are denied";

  private final Findings findings;

  private AccessCompiler(Findings findings) {
    this.findings = findings;
  }

  static AccessRules compile(List<Written<AccessPolicySpec>> objects, Set<Problem> problems) {
    List<AccessRule> mesh = new ArrayList<>();
    Map<String, List<AccessRule>> byNamespace = new HashMap<>();
    for (Written<AccessPolicySpec> object : objects) {
      var compiler = new AccessCompiler(new Findings(object, problems, CONSEQUENCE));
      List<AccessRule> rules = compiler.rules(object);
      if (object.namespace().equals(OptIn.MESH_NAMESPACE)) {
        mesh.addAll(rules);
      } else {
        byNamespace.computeIfAbsent(object.namespace(), n -> new ArrayList<>()).addAll(rules);
      }
    }
    return new AccessRules(mesh, byNamespace);
  }

  private List<AccessRule> rules(Written<AccessPolicySpec> object) {
    AccessPolicySpec spec = object.spec();
    if (spec == null) {
      findings.invalid("spec", "is missing");
      return List.of(AccessRule.closed(object.toString(), false, Map.of()));
    }
    boolean dryRun = Boolean.TRUE.equals(spec.dryRun());
    Map<String, String> selector = Selectors.read(spec.selector(), findings);
    if (spec.action() == null) {
      findings.invalid("spec.action", "is missing, expected Allow or Deny");
    }
    List<AccessPolicySpec.Rule> written = some("spec.rules", spec.rules(), MOST);
    if (spec.rules() == null) {
      findings.invalid("spec.rules", "is missing, expected rules; {} is met by everything");
    }
    List<AccessRule> rules = new ArrayList<>();
    for (int i = 0; i < written.size(); i++) {
      String at = "spec.rules[" + i + "]";
      AccessPolicySpec.Rule rule = written.get(i);
      if (rule == null) {
        findings.invalid(at, "is empty, expected conditions, or {} for everything");
        continue;
      }
      rules.add(
          new AccessRule(
              object + "[" + i + "]",
              spec.action() == AccessPolicySpec.Action.ALLOW,
              dryRun,
              selector,
              from(at + ".from", rule.from()),
              ports(at + ".ports", rule.ports()),
              http(at + ".http", rule.http())));
    }
    return findings.isInvalid()
        ? List.of(AccessRule.closed(object.toString(), dryRun, selector))
        : rules;
  }

  /**
   * An empty list would mean the same as none, which is everything: nobody writes that on purpose.
   */
  private <T> List<T> some(String field, @Nullable List<T> list, int max) {
    if (list != null && list.isEmpty()) {
      findings.invalid(field, "is empty, expected entries, or to be left out");
    }
    return findings.atMost(field, list, max);
  }

  private List<From> from(String field, @Nullable List<AccessPolicySpec.From> written) {
    List<From> from = new ArrayList<>();
    List<AccessPolicySpec.From> bounded = some(field, written, MOST);
    for (int i = 0; i < bounded.size(); i++) {
      String at = field + "[" + i + "]";
      AccessPolicySpec.From entry = bounded.get(i);
      String identity = entry == null ? null : entry.identity();
      String namespace = entry == null ? null : entry.namespace();
      String account = entry == null ? null : entry.serviceAccount();
      if ((identity == null) == (namespace == null) || (identity != null && account != null)) {
        findings.invalid(
            at, "expected either identity, or namespace with or without serviceAccount");
      } else if (identity != null) {
        if (!identity.startsWith("spiffe://")) {
          findings.invalid(
              at + ".identity",
              "is \""
                  + identity
                  + "\", expected a SPIFFE ID: spiffe://<trust domain>/ns/<namespace>"
                  + "/sa/<service account>");
        }
        from.add(new From.Identity(identity));
      } else if (findings.required(at + ".namespace", namespace) != null && namespace != null) {
        if (account != null) {
          findings.required(at + ".serviceAccount", account);
        }
        from.add(new From.Namespace(namespace, Optional.ofNullable(account)));
      }
    }
    return from;
  }

  private Set<Integer> ports(String field, @Nullable List<Integer> written) {
    Set<Integer> ports = new HashSet<>();
    List<Integer> bounded = some(field, written, MOST);
    for (int i = 0; i < bounded.size(); i++) {
      ports.add(findings.required(field + "[" + i + "]", bounded.get(i), 1, 65_535));
    }
    return ports;
  }

  private List<RequestCondition> http(String field, @Nullable List<AccessPolicySpec.Http> written) {
    List<RequestCondition> conditions = new ArrayList<>();
    List<AccessPolicySpec.Http> bounded = some(field, written, MOST);
    for (int i = 0; i < bounded.size(); i++) {
      String at = field + "[" + i + "]";
      AccessPolicySpec.Http entry = bounded.get(i);
      if (entry == null
          || (entry.methods() == null && entry.path() == null && entry.headers() == null)) {
        findings.invalid(at, "says nothing, expected methods, path or headers");
        continue;
      }
      conditions.add(
          new RequestCondition(
              methods(at + ".methods", entry.methods()),
              Optional.ofNullable(entry.path()).map(path -> path(at + ".path", path)),
              headers(at + ".headers", entry.headers())));
    }
    return conditions;
  }

  private Set<String> methods(String field, @Nullable List<String> written) {
    Set<String> methods = new LinkedHashSet<>();
    List<String> bounded = some(field, written, MOST_IN_REQUEST);
    for (int i = 0; i < bounded.size(); i++) {
      String method = findings.required(field + "[" + i + "]", bounded.get(i));
      if (method != null) {
        if (!method.chars().allMatch(c -> (c >= 'A' && c <= 'Z') || c == '-')) {
          // Methods are case-sensitive: "get" would never be met, and a Deny would deny nothing.
          findings.invalid(
              field + "[" + i + "]", "is \"" + method + "\", expected capitals, such as GET");
        }
        methods.add(method);
      }
    }
    return methods;
  }

  private PathMatch path(String field, AccessPolicySpec.Path written) {
    String path = written.exact() == null ? written.prefix() : written.exact();
    if (path == null || (written.exact() != null && written.prefix() != null)) {
      findings.invalid(field, "expected exactly one of exact and prefix");
      return new PathMatch.Prefix("/");
    }
    if (!PlainPath.is(path) || path.contains("%")) {
      findings.invalid(
          field,
          "is \""
              + path
              + "\", expected a plain path such as /admin: without //, ., .., ; and"
              + " percent-encoding, which requests could write in other ways");
    }
    return written.exact() == null ? new PathMatch.Prefix(path) : new PathMatch.Exact(path);
  }

  private List<HeaderMatch> headers(String field, @Nullable List<FaultSpec.Header> written) {
    List<HeaderMatch> headers = new ArrayList<>();
    List<FaultSpec.Header> bounded = some(field, written, MOST_IN_REQUEST);
    for (int i = 0; i < bounded.size(); i++) {
      String at = field + "[" + i + "]";
      FaultSpec.Header header = bounded.get(i);
      String name = findings.required(at + ".name", header == null ? null : header.name());
      String value = header == null ? null : header.value();
      if (value == null) {
        findings.invalid(at + ".value", "is missing");
      } else if (name != null) {
        headers.add(new HeaderMatch(name, value));
      }
    }
    return headers;
  }
}
