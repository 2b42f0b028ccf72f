package io.weftmesh.ca.server.store;

import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Survives what a test calls a restart, and fails when told to. */
public final class MemoryMap implements DurableMap {
  private final Map<String, String> entries = new TreeMap<>();
  private boolean failing;
  private int updates;

  public void failing(boolean now) {
    failing = now;
  }

  /** How often something was made durable. */
  public int updates() {
    return updates;
  }

  @Override
  public Map<String, String> entries() {
    return entries;
  }

  @Override
  public void update(Map<String, String> put, Set<String> remove) throws IOException {
    entries.keySet().removeAll(remove);
    entries.putAll(put);
    if (failing) {
      throw new IOException("no space left on device");
    }
    updates++;
  }
}
