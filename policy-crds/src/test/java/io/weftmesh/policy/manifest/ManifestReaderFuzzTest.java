package io.weftmesh.policy.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Files of any content. Whatever stands in one: objects, or a refusal that names the line. {@code
 * -Dweft.fuzz.rounds=100000000} for a long run.
 */
class ManifestReaderFuzzTest {
  private static final int ROUNDS = Integer.getInteger("weft.fuzz.rounds", 30_000) / 10 + 1;
  private static final long SEED = Long.getLong("weft.fuzz.seed", 43);

  private static final String[] SEEDS = {
    """
    apiVersion: v1
    kind: Service
    metadata: {name: x, labels: &l {a: "b"}, annotations: *l}
    spec:
      clusterIP: 10.0.0.1
      ports:
      - {name: http, port: 80, targetPort: web}
      - port: 0x50
    """,
    """
    apiVersion: v1
    kind: List
    items:
    - apiVersion: v1
      kind: Pod
      metadata: {name: p, namespace: shop, creationTimestamp: 2026-01-01T00:00:00Z}
      spec:
        containers:
        - name: c
          ports: [{containerPort: 8080, protocol: TCP}]
          readinessProbe: {httpGet: {path: /ready, port: 8080}}
      status: {phase: Running, podIPs: [{ip: 10.1.0.7}]}
    """,
    """
    # A comment.
    apiVersion: policy.weftmesh.io/v1alpha1
    kind: TrafficShift
    metadata:
      name: x
    spec:
      service: echo
      backends:
      - {service: a, weight: 90}
      - service: b
        weight: 10
    """,
    """
    apiVersion: gateway.networking.k8s.io/v1
    kind: HTTPRoute
    metadata: {name: x}
    spec:
      parentRefs:
      - {group: "", kind: Service, name: echo, port: 80}
      rules:
      - matches: [{path: {type: PathPrefix, value: /v2}}]
        backendRefs:
        - {name: a, port: 80, weight: 90}
    """,
    """
    apiVersion: policy.weftmesh.io/v1alpha1
    kind: MeshSecurity
    metadata: {name: x}
    spec:
      mode: STRICT
    """,
  };

  private static final String[] PIECES = {
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    ",",
    "- ",
    "&a ",
    "*a",
    "*l",
    "!",
    "!!int ",
    "!!binary ",
    "|\n",
    ">",
    "'",
    "\"",
    "%",
    "@",
    "`",
    "?",
    "#",
    "\n",
    "\t",
    " ",
    "0x",
    "~",
    "<<: *l",
    ".inf",
    "1e999",
    "---\n",
    "...\n",
    "%YAML 9.9\n",
    "\u0000",
    "\ud83d",
    "\ufeff",
    "\u0085",
    "\\",
    "null",
    "99999999999999999999",
    "2026-13-45",
    "{a: {b: [{}]}}",
    "kind: Pod\n",
    "  spec: {}\n",
  };

  private final ManifestReader reader = new ManifestReader(MeshKinds.ALL);

  @Test
  void anyTextIsReadOrRefusedByLine() {
    int understood = 0;
    for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
      String text = hostile(new SplittableRandom(seed));
      try {
        understood += isUnderstood(text) ? 1 : 0;
      } catch (RuntimeException | Error failure) {
        throw new AssertionError("seed " + seed + ":\n" + text, failure);
      }
    }
    assertThat(understood).isGreaterThanOrEqualTo(ROUNDS / 10);
  }

  private boolean isUnderstood(String text) {
    int lines = (int) text.lines().count() + 1;
    try {
      ManifestReader.Read read = reader.read(text);
      assertThat(read.objects())
          .allSatisfy(found -> {
            assertThat(found.object().getMetadata().getName()).isNotBlank();
            assertThat(found.line()).isBetween(1, lines);
          });
      assertThat(read.ignored()).allSatisfy(it -> assertThat(it.line()).isBetween(1, lines));
      return !read.objects().isEmpty();
    } catch (ManifestException refused) {
      assertThat(refused.problem()).isNotBlank();
      boolean ofTheWholeFile = refused.problem().matches(".*(nested too deep|version).*");
      assertThat(refused.line())
          .describedAs(refused.problem())
          .isBetween(ofTheWholeFile ? 0 : 1, lines);
      return false;
    }
  }

  private static String hostile(SplittableRandom random) {
    var text = new StringBuilder();
    for (int i = random.nextInt(3); i >= 0; i--) {
      text.append(text.isEmpty() ? "" : "---\n").append(SEEDS[random.nextInt(SEEDS.length)]);
    }
    for (int changes = random.nextInt(4); changes > 0; changes--) {
      int at = random.nextInt(text.length());
      switch (random.nextInt(8)) {
        case 0 -> text.deleteCharAt(at);
        case 1 -> text.setCharAt(at, (char) random.nextInt(256));
        case 2 -> {
          int end = Math.min(text.length(), at + 1 + random.nextInt(60));
          text.insert(random.nextInt(text.length()), text.substring(at, end));
        }
        case 3 -> text.delete(at, Math.min(text.length(), at + random.nextInt(60)));
        case 4 -> {
          if (random.nextInt(20) == 0) {
            text.insert(at, (random.nextBoolean() ? "[" : "{a: ").repeat(random.nextInt(20_000)));
          }
        }
        default -> text.insert(at, PIECES[random.nextInt(PIECES.length)]);
      }
      if (text.isEmpty()) {
        break;
      }
    }
    return text.toString();
  }
}
