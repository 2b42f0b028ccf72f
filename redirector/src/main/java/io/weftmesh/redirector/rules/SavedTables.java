package io.weftmesh.redirector.rules;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Our part of what {@code iptables-save} prints; everything of others is left out. */
final class SavedTables {
  private final Map<String, Table> tables = new HashMap<>();

  private SavedTables() {}

  static SavedTables parse(String saved) {
    SavedTables result = new SavedTables();
    String name = "";
    Map<String, List<String>> chains = new TreeMap<>();
    List<String> hooks = new ArrayList<>();
    for (int from = 0; from < saved.length(); ) {
      int to = saved.indexOf('\n', from);
      if (to < 0) {
        to = saved.length();
      }
      String line = saved.substring(from, to);
      from = to + 1;
      if (line.startsWith("*")) {
        name = line.substring(1);
      } else if (line.startsWith(":" + Table.PREFIX)) {
        chains.put(word(line, 1), new ArrayList<>());
      } else if (line.startsWith("-A " + Table.PREFIX)) {
        String chain = word(line, 3);
        chains
            .computeIfAbsent(chain, unseen -> new ArrayList<>())
            .add(line.substring(3 + chain.length()).stripLeading());
      } else if (line.startsWith("-A ")
          && (line.contains(" -j " + Table.PREFIX) || line.contains(" -g " + Table.PREFIX))) {
        hooks.add(line.substring(3));
      } else if (line.equals("COMMIT")) {
        result.tables.put(name, new Table(name, chains, hooks));
        chains = new TreeMap<>();
        hooks = new ArrayList<>();
      }
    }
    return result;
  }

  /** Our part of a table; empty if there is none. */
  Table table(String name) {
    return tables.getOrDefault(name, new Table(name, Map.of(), List.of()));
  }

  boolean isEmpty() {
    for (Table table : tables.values()) {
      if (!table.isEmpty()) {
        return false;
      }
    }
    return true;
  }

  private static String word(String line, int from) {
    int to = line.indexOf(' ', from);
    return to < 0 ? line.substring(from) : line.substring(from, to);
  }
}
