package io.weftmesh.ca.api;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The roots that the ca itself is verified with: those in the file that was handed out of band, as
 * it is at that moment, and those that the ca has told since. Both, because either can be behind: a
 * file that nobody renewed must not lock a node out of a mesh whose root was rotated, and a ca that
 * was set up anew is known from its file alone. Thread-safe.
 */
final class CaTrust {
  private static final Logger LOG = LoggerFactory.getLogger(CaTrust.class);

  private final String trustDomain;
  private final Path file;
  private @Nullable TrustBundle fromFile;
  private @Nullable TrustBundle learned;

  CaTrust(String trustDomain, Path file) {
    this.trustDomain = trustDomain;
    this.file = file;
  }

  synchronized void learn(TrustBundle bundle) {
    if (bundle.trustDomain().equals(trustDomain)) {
      learned = bundle;
    }
  }

  /** Reads the file again; one that can't be read leaves what it said before. */
  synchronized TrustBundles bundles() {
    try {
      fromFile = TrustBundle.ofPem(trustDomain, 0, Files.readAllBytes(file));
    } catch (IOException | CertificateException e) {
      LOG.warn("Can't read the trust bundle {}: {}", file, e.toString());
    }
    Set<X509Certificate> roots = new LinkedHashSet<>();
    for (TrustBundle bundle : known()) {
      roots.addAll(bundle.roots());
    }
    if (roots.isEmpty()) {
      return TrustBundles.none();
    }
    try {
      return TrustBundles.of(new TrustBundle(trustDomain, 0, new ArrayList<>(roots)));
    } catch (CertificateException e) {
      throw new IllegalStateException("roots that were good in a bundle are good in another", e);
    }
  }

  private List<TrustBundle> known() {
    List<TrustBundle> known = new ArrayList<>(2);
    if (fromFile != null) {
      known.add(fromFile);
    }
    if (learned != null) {
      known.add(learned);
    }
    return known;
  }
}
