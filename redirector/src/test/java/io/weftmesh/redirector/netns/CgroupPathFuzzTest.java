package io.weftmesh.redirector.netns;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Cgroups of any name: a container may name those below its own as it likes. Regular expressions
 * over the components are the second judge. {@code -Dweft.fuzz.rounds=100000000} for a long run.
 */
class CgroupPathFuzzTest {
  private static final int ROUNDS = Integer.getInteger("weft.fuzz.rounds", 30_000) * 3;
  private static final long SEED = Long.getLong("weft.fuzz.seed", 31);

  private static final String UID = "8f5d2c1e-7a3b-4f60-9c11-0a2b3c4d5e6f";
  private static final String OTHER = "8f5d2c1e-7a3b-4f60-9c11-0a2b3c4d5e60";

  private static final Pattern THE_POD =
      Pattern.compile("(^|-)pod" + UID.replace("-", "[-_]") + "([.:]|\\z)");
  private static final Pattern ANY_POD = Pattern.compile("^pod.|^kubepods.*-pod", Pattern.DOTALL);

  private static final String[] SEEDS = {
    "0::/kubepods/pod" + UID + "/c0ffee",
    "8:cpu,cpuacct:/kubepods/burstable/pod" + UID + "/c0ffee",
    "0::/kubepods.slice/kubepods-pod" + UID.replace('-', '_') + ".slice/crio-c0ffee.scope",
    "9:memory:/system.slice/containerd.service/kubepods-burstable-pod"
        + UID.replace('-', '_')
        + ".slice:cri-containerd:c0ffee",
    "0::/kubepods/pod" + OTHER + "/c0ffee/kubelet/kubepods/pod" + UID + "/c0ffee",
    "0::/kubepods/pod" + UID + "/c0ffee/kubelet/kubepods/pod" + OTHER + "/c0ffee",
  };

  private static final String[] PIECES = {
    "/",
    "//",
    ":",
    "-",
    "_",
    ".",
    "pod",
    "podpod",
    "/pod",
    "-pod",
    "kubepods",
    "/kubepods-pod",
    UID,
    "pod" + UID,
    "/pod" + UID,
    "-pod" + UID + ".",
    "pod" + OTHER,
    "\u0000",
    "\n",
    "\u00e9",
  };

  @Test
  void findsThePodWhereTheComponentsNameIt() {
    int found = 0;
    for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
      String line = hostile(new SplittableRandom(seed));
      CgroupPath path;
      try {
        path = CgroupPath.of(line, UID);
      } catch (RuntimeException failure) {
        throw new AssertionError("seed " + seed + ": " + line, failure);
      }
      assertThat(path).describedAs("seed %d: %s", seed, line).isEqualTo(judged(line));
      found += path == null ? 0 : 1;
    }
    assertThat(found).isGreaterThanOrEqualTo(ROUNDS / 10);
  }

  private static @Nullable CgroupPath judged(String line) {
    String[] fields = line.split(":", 3);
    if (fields.length < 3) {
      return null;
    }
    List<String> components =
        Arrays.stream(fields[2].split("/")).filter(component -> !component.isEmpty()).toList();
    int pod = -1;
    for (int i = 0; i < components.size(); i++) {
      if (THE_POD.matcher(components.get(i)).find()) {
        pod = i + 1;
      } else if (ANY_POD.matcher(components.get(i)).find()) {
        pod = -1;
      }
    }
    return pod < 0 ? null : new CgroupPath(pod, components.size() - pod);
  }

  private static String hostile(SplittableRandom random) {
    var line = new StringBuilder(SEEDS[random.nextInt(SEEDS.length)]);
    for (int i = random.nextInt(5); i > 0 && !line.isEmpty(); i--) {
      int at = random.nextInt(line.length());
      switch (random.nextInt(5)) {
        case 0 -> line.deleteCharAt(at);
        case 1 -> line.setCharAt(at, (char) random.nextInt(256));
        case 2 -> line.setLength(at);
        default -> line.insert(at, PIECES[random.nextInt(PIECES.length)]);
      }
    }
    return line.toString();
  }
}
