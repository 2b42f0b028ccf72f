package io.weftmesh.redirector.rules;

import io.weftmesh.redirector.lease.CaptureState;
import io.weftmesh.redirector.lease.Exclusions;
import io.weftmesh.redirector.lease.Family;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * All rules of one pod, both families. Every method is called on a thread of the pod's namespace,
 * and by one at a time.
 */
public final class PodFirewall {
  private static final Family[] FAMILIES = Family.values();

  private final CaptureState found;
  private Backend backend;

  /** The generation that the rules were last read in, all as they should be. */
  private long goodGeneration = NftGeneration.UNKNOWN;

  private PodFirewall(Backend.Choice choice) {
    backend = choice.backend();
    found = PodRules.stateOf(choice.saved());
  }

  /** The firewall of this thread's namespace. */
  public static PodFirewall choose() throws IOException {
    return new PodFirewall(Backend.choose());
  }

  /** The state whose rules were in place when the firewall was chosen. */
  public CaptureState found() {
    return found;
  }

  /**
   * Makes the rules those of a state, one transaction for each family, and reads them back.
   *
   * @return what was not as it should be, for people; empty if nothing had to be done
   * @throws IOException if they can't be written or don't read back as written
   */
  public List<String> apply(CaptureState state, Exclusions exclusions) throws IOException {
    List<String> changed = new ArrayList<>();
    long generation = NftGeneration.read();
    goodGeneration = NftGeneration.UNKNOWN;
    for (Family family : FAMILIES) {
      if (ReplyRoute.hasTables(family)) {
        apply(family, state, exclusions, changed);
      }
    }
    if (changed.isEmpty()) {
      goodGeneration = generation;
    }
    return changed;
  }

  /**
   * Puts back what is missing of a state that was applied before. Costs next to nothing while
   * nobody has touched the namespace's rules.
   *
   * @return as {@link #apply}
   */
  public List<String> repair(CaptureState state, Exclusions exclusions) throws IOException {
    boolean untouched =
        backend == Backend.NFT
            && goodGeneration != NftGeneration.UNKNOWN
            && goodGeneration == NftGeneration.read();
    if (!untouched) {
      return apply(state, exclusions);
    }
    List<String> changed = new ArrayList<>();
    for (Family family : FAMILIES) {
      if (ReplyRoute.add(family)) {
        changed.add(prefix(family) + "route");
      }
    }
    return changed;
  }

  private static String prefix(Family family) {
    return family.name().toLowerCase(Locale.ROOT) + ' ';
  }

  private void apply(Family family, CaptureState state, Exclusions exclusions, List<String> changed)
      throws IOException {
    String prefix = prefix(family);
    List<Table> wanted = PodRules.tables(family, exclusions, state);
    boolean removes = state == CaptureState.OPENED;
    if (!removes && ReplyRoute.add(family)) {
      changed.add(prefix + "route");
    }
    List<String> order = removes ? PodRules.TABLES.reversed() : PodRules.TABLES;
    SavedTables actual = backend.saved(family);
    RestoreScript script = RestoreScript.between(actual, wanted, order);
    if (!script.isEmpty()) {
      restore(family, actual, script);
      RestoreScript left = RestoreScript.between(backend.saved(family), wanted, order);
      if (!left.isEmpty()) {
        throw new IOException(
            prefix + String.join(", ", left.changed()) + " did not read back as written");
      }
      for (String table : script.changed()) {
        changed.add(prefix + table);
      }
    }
    if (removes) {
      ReplyRoute.remove(family);
    }
  }

  /** A kernel may have nf_tables and yet not the extensions that iptables needs of it. */
  private void restore(Family family, SavedTables actual, RestoreScript script) throws IOException {
    try {
      backend.restore(family, script);
    } catch (IOException refused) {
      if (backend == Backend.LEGACY || family == Family.IPV6 || !actual.isEmpty()) {
        throw refused;
      }
      Backend.LEGACY.restore(family, script);
      backend = Backend.LEGACY;
    }
  }
}
