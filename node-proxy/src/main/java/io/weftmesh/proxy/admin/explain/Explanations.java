package io.weftmesh.proxy.admin.explain;

import io.weftmesh.proxy.routing.Snapshot;
import java.util.function.Supplier;

/** Answers {@link Question}s by what is in force at the moment. Thread-safe. */
public final class Explanations {
  private final Supplier<Snapshot> snapshot;
  private final String trustDomain;
  private final Peers peers;
  private final Loads loads;

  /**
   * @param trustDomain of the identities that pods have
   */
  public Explanations(Supplier<Snapshot> snapshot, String trustDomain, Peers peers, Loads loads) {
    this.snapshot = snapshot;
    this.trustDomain = trustDomain;
    this.peers = peers;
    this.loads = loads;
  }

  /**
   * What would become of a request now.
   *
   * @throws IllegalArgumentException when it can't be a request at all
   */
  public Explanation explain(Question question) {
    return new Explainer(question, snapshot.get(), trustDomain, peers, loads).explain();
  }
}
