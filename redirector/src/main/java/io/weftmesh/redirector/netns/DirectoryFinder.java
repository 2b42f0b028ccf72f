package io.weftmesh.redirector.netns;

import io.weftmesh.redirector.lease.Descriptor;
import io.weftmesh.redirector.linux.Errno;
import io.weftmesh.redirector.linux.Files;
import io.weftmesh.redirector.linux.LinuxException;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Finds namespaces by the names of files in one folder, as {@code ip netns} makes them: for a mesh
 * without a container runtime.
 */
public final class DirectoryFinder implements NamespaceFinder {
  private final Path directory;

  public DirectoryFinder(Path directory) {
    this.directory = directory;
  }

  @Override
  public @Nullable NetworkNamespace find(String podUid) throws IOException {
    try {
      int descriptor = Files.openNoFollow(directory.resolve(podUid).toString());
      return NetworkNamespace.of(new Descriptor(descriptor));
    } catch (LinuxException failed) {
      if (failed.errno() == Errno.ENOENT) {
        return null;
      }
      throw failed;
    }
  }

  /** Whether the file is still there and of this namespace. */
  @Override
  public boolean isKept(String podUid, NetworkNamespace namespace) {
    try (NetworkNamespace found = find(podUid)) {
      return found != null && found.identity().equals(namespace.identity());
    } catch (IOException unreadable) {
      return false;
    }
  }
}
