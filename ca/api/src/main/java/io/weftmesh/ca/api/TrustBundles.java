package io.weftmesh.ca.api;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The bundles of all trust domains that are trusted, never pooled: a leaf is held against that of
 * its own domain alone. Immutable.
 */
public final class TrustBundles {
  private static final TrustBundles NONE = new TrustBundles(Map.of());

  private final Map<String, TrustBundle> byTrustDomain;

  private TrustBundles(Map<String, TrustBundle> byTrustDomain) {
    this.byTrustDomain = Map.copyOf(byTrustDomain);
  }

  /** Trusts nobody. */
  public static TrustBundles none() {
    return NONE;
  }

  /** Trusts one domain. */
  public static TrustBundles of(TrustBundle bundle) {
    return new TrustBundles(Map.of(bundle.trustDomain(), bundle));
  }

  /**
   * These bundles with one put in the place of that of its domain; these themselves when a bundle
   * of that version or a newer one is there.
   */
  public TrustBundles with(TrustBundle bundle) {
    TrustBundle known = byTrustDomain.get(bundle.trustDomain());
    if (known != null && known.version() >= bundle.version()) {
      return this;
    }
    Map<String, TrustBundle> bundles = new HashMap<>(byTrustDomain);
    bundles.put(bundle.trustDomain(), bundle);
    return new TrustBundles(bundles);
  }

  public Optional<TrustBundle> of(String trustDomain) {
    return Optional.ofNullable(byTrustDomain.get(trustDomain));
  }

  public Collection<TrustBundle> all() {
    return byTrustDomain.values();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof TrustBundles bundles && bundles.byTrustDomain.equals(byTrustDomain);
  }

  @Override
  public int hashCode() {
    return byTrustDomain.hashCode();
  }

  @Override
  public String toString() {
    return new TreeMap<>(byTrustDomain).values().toString();
  }
}
