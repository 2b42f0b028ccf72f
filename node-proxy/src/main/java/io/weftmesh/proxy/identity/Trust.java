package io.weftmesh.proxy.identity;

import io.weftmesh.ca.api.SvidValidator;
import io.weftmesh.ca.api.TrustBundle;
import io.weftmesh.ca.api.TrustBundles;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The roots that peers are verified with: at first those that came out of band, then what the ca
 * says. Read on any thread, changed on the control thread. A change is in force for every handshake
 * that has not yet come to its verification.
 */
public final class Trust {
  private final String trustDomain;
  private final InstantSource clock;
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private volatile TrustBundles bundles;
  private volatile SvidValidator validator;

  /**
   * Starts with a bundle that came out of band.
   *
   * @param initial the bundle of this mesh's own trust domain, in version 0
   */
  public Trust(TrustBundle initial, InstantSource clock) {
    this.trustDomain = initial.trustDomain();
    this.clock = clock;
    this.bundles = TrustBundles.of(initial);
    this.validator = new SvidValidator(bundles, clock);
  }

  /** This mesh's own trust domain. */
  public String trustDomain() {
    return trustDomain;
  }

  public TrustBundles bundles() {
    return bundles;
  }

  SvidValidator validator() {
    return validator;
  }

  /** Verifies with this bundle from now on, unless it is no newer than the one in force. */
  public void update(TrustBundle bundle) {
    TrustBundles updated = bundles.with(bundle);
    if (!updated.equals(bundles)) {
      bundles = updated;
      validator = new SvidValidator(updated, clock);
      listeners.forEach(Runnable::run);
    }
  }

  /** Calls the listener after each change, on the control thread. */
  public void onChange(Runnable listener) {
    listeners.add(listener);
  }
}
