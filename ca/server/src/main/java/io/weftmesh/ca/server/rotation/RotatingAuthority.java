package io.weftmesh.ca.server.rotation;

import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.api.TrustBundle;
import io.weftmesh.ca.server.signing.SigningAuthority;
import io.weftmesh.ca.server.signing.Svid;
import io.weftmesh.ca.server.signing.SvidIssuer;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Signs the nodes' identities, and goes from one root to the next so that at no moment a node meets
 * a leaf whose root it does not know:
 *
 * <ol>
 *   <li><em>prepare</em>: the next root is published beside the active one; nothing is signed with
 *       it.
 *   <li><em>activate</em>: the next one signs. Only when every node that holds an unexpired leaf,
 *       and every one that is connected, has acknowledged the bundle with both. A node that is not
 *       connected does not count as having acknowledged, whatever it said before: it may have been
 *       restarted with an older bundle.
 *   <li><em>retire</em>: the old root is no longer published. Only when the last leaf it signed is
 *       dead.
 * </ol>
 *
 * <p><em>Force</em> does all at once with a root made on the spot, for when a key has leaked:
 * leaves of the old root stop to verify as the nodes hear of it.
 *
 * <p>Each step is durable before anybody sees it, so that a restart goes on where it was.
 *
 * <p>Thread-safe: issuing runs in parallel, and never across a change of the authority. Listeners
 * are called one at a time, in the order of the changes.
 */
public final class RotatingAuthority {
  private static final Logger log = LoggerFactory.getLogger(RotatingAuthority.class);

  private final String trustDomain;
  private final Duration leafLifetime;
  private final AuthoritySource source;
  private final TrustStore store;
  private final LeafLedger ledger;
  private final SvidIssuer issuer;
  private final InstantSource clock;
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private final List<Consumer<? super TrustState>> listeners = new CopyOnWriteArrayList<>();
  private volatile NodeBundles nodes = Map::of;
  private volatile TrustState state;

  private RotatingAuthority(
      String trustDomain,
      Duration leafLifetime,
      AuthoritySource source,
      TrustStore store,
      LeafLedger ledger,
      InstantSource clock,
      TrustState state) {
    this.trustDomain = trustDomain;
    this.leafLifetime = leafLifetime;
    this.source = source;
    this.store = store;
    this.ledger = ledger;
    this.issuer = new SvidIssuer(clock);
    this.clock = clock;
    this.state = state;
  }

  /**
   * Goes on where the last process stopped, or makes the first root.
   *
   * @throws IOException if what was kept cannot be read, or the first root cannot be kept
   * @throws GeneralSecurityException if the user's authority, or what was kept, cannot sign
   */
  public static RotatingAuthority start(
      String trustDomain,
      Duration leafLifetime,
      AuthoritySource source,
      TrustStore store,
      LeafLedger ledger,
      InstantSource clock)
      throws IOException, GeneralSecurityException {
    Optional<TrustState> kept = store.load();
    TrustState state;
    if (kept.isPresent()) {
      state = kept.get();
      source
          .waiting(state)
          .ifPresent(users ->
              log.warn(
                  "The root directory's tls.crt, {}, is not in force: rotate prepare takes it up",
                  users));
    } else {
      state = new TrustState.Stable(1, source.first());
      store.save(state);
      log.info("Began with root {}", state.active());
    }
    return new RotatingAuthority(trustDomain, leafLifetime, source, store, ledger, clock, state);
  }

  /** Says who knows what the nodes have acknowledged. */
  public void askAboutNodes(NodeBundles nodes) {
    this.nodes = nodes;
  }

  /** Calls the listener now and at every change. */
  public void onState(Consumer<? super TrustState> listener) {
    lock.writeLock().lock();
    try {
      listeners.add(listener);
      listener.accept(state);
    } finally {
      lock.writeLock().unlock();
    }
  }

  public TrustState state() {
    return state;
  }

  /** The published roots. */
  public TrustBundle bundle() {
    return state.bundle(trustDomain);
  }

  /**
   * Signs an identity for a node.
   *
   * @throws GeneralSecurityException if the authority cannot sign, having expired above all
   * @throws IOException if it could not be noted that the node has it
   */
  public Svid issue(String node, SpiffeId id, PublicKey key)
      throws GeneralSecurityException, IOException {
    lock.readLock().lock();
    try {
      Svid svid = issuer.issue(state.active(), id, key, leafLifetime);
      ledger.record(node, svid.expiry(), clock.instant());
      return svid;
    } finally {
      lock.readLock().unlock();
    }
  }

  /** Publishes the next root. */
  public String prepare() throws RotationRefusedException, GeneralSecurityException, IOException {
    lock.writeLock().lock();
    try {
      if (!(state instanceof TrustState.Stable stable)) {
        throw new RotationRefusedException(
            "a rotation is under way ("
                + state.phase()
                + "); finish it with "
                + (state instanceof TrustState.Prepared ? "activate" : "retire")
                + " first, or cut it short with force");
      }
      SigningAuthority next = source.after(stable.active());
      change(new TrustState.Prepared(stable.bundleVersion() + 1, stable.active(), next));
      return "prepared "
          + next
          + "; next: activate, when the nodes have acknowledged bundle "
          + state.bundleVersion();
    } finally {
      lock.writeLock().unlock();
    }
  }

  /** Signs with the next authority from now on. */
  public String activate() throws RotationRefusedException, IOException {
    lock.writeLock().lock();
    try {
      if (!(state instanceof TrustState.Prepared prepared)) {
        throw new RotationRefusedException(
            "nothing is prepared (" + state.phase() + "); run prepare first");
      }
      List<String> missing = missing();
      if (!missing.isEmpty()) {
        throw new RotationRefusedException(
            "not acknowledged bundle "
                + prepared.bundleVersion()
                + " yet: "
                + String.join(", ", missing)
                + "; wait for them, or for their leaves' end, or use force after a key leak");
      }
      Instant oldDeadAt = ledger.allDeadAt(clock.instant());
      change(
          new TrustState.Activated(
              prepared.bundleVersion(), prepared.next(), prepared.active(), oldDeadAt));
      return "activated " + state.active() + "; next: retire, from " + oldDeadAt + " on";
    } finally {
      lock.writeLock().unlock();
    }
  }

  /** Publishes the old root no longer. */
  public String retire() throws RotationRefusedException, IOException {
    lock.writeLock().lock();
    try {
      if (!(state instanceof TrustState.Activated activated)) {
        throw new RotationRefusedException("no old root is left to retire (" + state.phase() + ")");
      }
      if (clock.instant().isBefore(activated.oldDeadAt())) {
        throw new RotationRefusedException(
            "leaves of the old root "
                + activated.old().name()
                + " live until "
                + activated.oldDeadAt()
                + "; try again then, or use force after a key leak");
      }
      change(new TrustState.Stable(activated.bundleVersion() + 1, activated.active()));
      return "retired " + activated.old();
    } finally {
      lock.writeLock().unlock();
    }
  }

  /** Trusts a new root alone, at once. */
  public String force() throws RotationRefusedException, GeneralSecurityException, IOException {
    lock.writeLock().lock();
    try {
      TrustState before = state;
      SigningAuthority next = source.after(before.active());
      change(new TrustState.Stable(before.bundleVersion() + 1, next));
      return "forced "
          + next
          + "; no longer trusted: "
          + before.authorities().stream()
              .map(SigningAuthority::name)
              .collect(Collectors.joining(", "))
          + "; a node that is not connected needs the new trust bundle file to connect again";
    } finally {
      lock.writeLock().unlock();
    }
  }

  /** Where the rotation stands, in one line. */
  public String status() {
    TrustState now = state;
    StringBuilder status = new StringBuilder();
    status.append(now.phase()).append("; bundle ").append(now.bundleVersion());
    status.append("; active ").append(now.active());
    switch (now) {
      case TrustState.Stable _ -> {}
      case TrustState.Prepared prepared -> {
        status.append("; next ").append(prepared.next());
        List<String> missing = missing();
        status.append(
            missing.isEmpty()
                ? "; all nodes have acknowledged"
                : "; not acknowledged yet: " + String.join(", ", missing));
      }
      case TrustState.Activated activated ->
          status
              .append("; old ")
              .append(activated.old())
              .append(", its last leaf dead at ")
              .append(activated.oldDeadAt());
    }
    return status.toString();
  }

  /**
   * The nodes that do not verify with the published bundle yet, or may not, each with the reason.
   */
  private List<String> missing() {
    long version = state.bundleVersion();
    Map<String, Long> connected = nodes.acknowledged();
    List<String> missing = new ArrayList<>();
    ledger
        .unexpired(clock.instant())
        .forEach((node, expiry) -> {
          if (!connected.containsKey(node)) {
            missing.add(node + " (not connected, its last leaf lives until " + expiry + ")");
          }
        });
    connected.forEach((node, acknowledged) -> {
      if (acknowledged < version) {
        missing.add(node + " (at bundle " + acknowledged + ")");
      }
    });
    return missing;
  }

  private void change(TrustState next) throws IOException {
    store.save(next);
    state = next;
    log.info("Rotation: {}", status());
    for (Consumer<? super TrustState> listener : listeners) {
      listener.accept(next);
    }
  }
}
