package io.weftmesh.redirector.rules;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Our part of one table: own chains, and the rules in the kernel's chains that lead there.
 *
 * @param name raw, mangle or nat
 * @param chains rules by chain, each as {@code iptables-save} prints it behind the chain's name
 * @param hooks as {@code iptables-save} prints them behind {@code -A}
 */
record Table(String name, Map<String, List<String>> chains, List<String> hooks) {
  /** All of our chains begin so, and no others. */
  static final String PREFIX = "WEFT_";

  Table {
    chains = new TreeMap<>(chains);
    hooks = List.copyOf(hooks);
  }

  boolean isEmpty() {
    return chains.isEmpty() && hooks.isEmpty();
  }
}
