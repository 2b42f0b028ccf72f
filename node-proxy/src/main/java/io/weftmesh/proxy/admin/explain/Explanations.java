package io.weftmesh.proxy.admin.explain;

import io.weftmesh.proxy.routing.PodLabels;
import io.weftmesh.proxy.routing.Snapshot;
import java.util.function.Supplier;

/** Answers {@link Question}s by what is in force at the moment. Thread-safe. */
public final class Explanations {
  private final Supplier<Snapshot> snapshot;
  private final String trustDomain;
  private final Peers peers;
  private final PodLabels labels;
  private final Loads loads;

  /**
   * @param trustDomain of the identities that pods have
   * @param labels by which the snapshot's subsets were told apart
   */
  public Explanations(
      Supplier<Snapshot> snapshot, String trustDomain, Peers peers, PodLabels labels, Loads loads) {
    this.snapshot = snapshot;
    this.trustDomain = trustDomain;
    this.peers = peers;
    this.labels = labels;
    this.loads = loads;
  }

  /**
   * What would become of a request now.
   *
   * @throws IllegalArgumentException when it can't be a request at all
   */
  public Explanation explain(Question question) {
    Snapshot now = snapshot.get();
    Access access = new Access(question, now, peers, trustDomain);
    return new Explainer(question, now, new Endpoints(now, peers, labels, loads, access)).explain();
  }
}
