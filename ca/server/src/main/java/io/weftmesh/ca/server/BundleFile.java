package io.weftmesh.ca.server;

import io.weftmesh.ca.api.TrustBundle;
import io.weftmesh.ca.server.store.AtomicFile;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The published roots as a file, with which nodes begin to trust the ca. Thread-safe. */
final class BundleFile {
  private static final Logger log = LoggerFactory.getLogger(BundleFile.class);

  private final Path file;
  private @Nullable TrustBundle unwritten;

  BundleFile(Path file) {
    this.file = file;
  }

  synchronized void publish(TrustBundle bundle) {
    unwritten = bundle;
    writeIfDue();
  }

  /** Tries again what failed before; to be called every now and then. */
  synchronized void writeIfDue() {
    TrustBundle bundle = unwritten;
    if (bundle == null) {
      return;
    }
    try {
      AtomicFile.write(file, bundle.toPem(), AtomicFile.PUBLIC);
      unwritten = null;
    } catch (IOException e) {
      log.error("The trust bundle can't be written to {}", file, e);
    }
  }

  /** What is wrong with it, if anything. */
  synchronized @Nullable String trouble() {
    return unwritten == null ? null : "the trust bundle can't be written to " + file;
  }
}
