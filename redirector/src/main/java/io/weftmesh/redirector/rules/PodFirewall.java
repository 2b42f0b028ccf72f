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

  private final Backend backend;

  private PodFirewall(Backend backend) {
    this.backend = backend;
  }

  /** The firewall of this thread's namespace. */
  public static PodFirewall choose() throws IOException {
    return new PodFirewall(Backend.choose());
  }

  /** The state that the present rules are those of. */
  public CaptureState present() throws IOException {
    return PodRules.stateOf(backend.saved(Family.IPV4));
  }

  /**
   * Makes the rules those of a state, one transaction for each family, and reads them back.
   *
   * @return what was not as it should be, for people; empty if nothing had to be done
   * @throws IOException if they can't be written or don't read back as written
   */
  public List<String> apply(CaptureState state, Exclusions exclusions) throws IOException {
    List<String> changed = new ArrayList<>();
    for (Family family : FAMILIES) {
      if (ReplyRoute.hasTables(family)) {
        apply(family, state, exclusions, changed);
      }
    }
    return changed;
  }

  private void apply(Family family, CaptureState state, Exclusions exclusions, List<String> changed)
      throws IOException {
    String prefix = family.name().toLowerCase(Locale.ROOT) + ' ';
    List<Table> wanted = PodRules.tables(family, exclusions, state);
    boolean removes = state == CaptureState.OPENED;
    if (!removes && ReplyRoute.add(family)) {
      changed.add(prefix + "route");
    }
    List<String> order = removes ? PodRules.TABLES.reversed() : PodRules.TABLES;
    RestoreScript script = RestoreScript.between(backend.saved(family), wanted, order);
    if (!script.isEmpty()) {
      backend.restore(family, script);
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
}
