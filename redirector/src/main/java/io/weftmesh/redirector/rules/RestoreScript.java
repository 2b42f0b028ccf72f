package io.weftmesh.redirector.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Input for {@code iptables-restore --noflush} that turns our part of the tables into what it
 * should be. Tables that are right already are left alone; a chain that is named anew is emptied
 * and filled within the table's one transaction.
 */
final class RestoreScript {
  private final StringBuilder script = new StringBuilder();
  private final List<String> changed = new ArrayList<>();

  private RestoreScript() {}

  /** The script, whose tables follow each other in {@code order}. */
  static RestoreScript between(SavedTables actual, List<Table> wanted, List<String> order) {
    RestoreScript result = new RestoreScript();
    for (String name : order) {
      Table target = new Table(name, Map.of(), List.of());
      for (Table table : wanted) {
        if (table.name().equals(name)) {
          target = table;
        }
      }
      result.table(actual.table(name), target);
    }
    return result;
  }

  /** Whether nothing is to be done. */
  boolean isEmpty() {
    return changed.isEmpty();
  }

  /** The tables that are not as they should be, for people. */
  List<String> changed() {
    return changed;
  }

  @Override
  public String toString() {
    return script.toString();
  }

  private void table(Table actual, Table wanted) {
    List<String> surplus = new ArrayList<>(actual.hooks());
    List<String> missing = new ArrayList<>();
    for (String hook : wanted.hooks()) {
      if (!surplus.remove(hook)) {
        missing.add(hook);
      }
    }
    Set<String> obsolete = new TreeSet<>(actual.chains().keySet());
    obsolete.removeAll(wanted.chains().keySet());
    boolean sameChains = obsolete.isEmpty() && actual.chains().equals(wanted.chains());
    if (sameChains && surplus.isEmpty() && missing.isEmpty()) {
      return;
    }
    changed.add(wanted.name());
    line("*" + wanted.name());
    if (!sameChains) {
      for (String chain : wanted.chains().keySet()) {
        line(":" + chain + " - [0:0]");
      }
    }
    for (String hook : surplus) {
      line("-D " + hook);
    }
    if (!sameChains) {
      for (Map.Entry<String, List<String>> chain : wanted.chains().entrySet()) {
        for (String rule : chain.getValue()) {
          line("-A " + chain.getKey() + ' ' + rule);
        }
      }
    }
    for (String hook : missing) {
      int space = hook.indexOf(' ');
      line("-I " + hook.substring(0, space) + " 1" + hook.substring(space));
    }
    for (String chain : obsolete) {
      line("-F " + chain);
    }
    for (String chain : obsolete) {
      line("-X " + chain);
    }
    line("COMMIT");
  }

  private void line(String line) {
    script.append(line).append('\n');
  }
}
