package io.weftmesh.proxy.routing;

import java.net.InetAddress;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The labels of pods anywhere in the mesh, as far as shifts ask for them: nodes watch their own
 * pods alone, and endpoints carry no labels. Thread-safe.
 */
public interface PodLabels {
  /** Nobody tells of any. */
  PodLabels NONE =
      new PodLabels() {
        @Override
        public @Nullable Set<String> keys() {
          return null;
        }

        @Override
        public @Nullable Map<String, String> of(@Nullable String podUid, InetAddress address) {
          return null;
        }

        @Override
        public void onLabels(Runnable listener) {}
      };

  /**
   * The keys that are told of; others are not known, of any pod. Null while nothing has been told
   * since the process started, not even that there are none.
   */
  @Nullable Set<String> keys();

  /**
   * A pod's labels under those keys; null if nobody has told of the pod: it is not in the mesh, or
   * has only just come.
   *
   * @param podUid null if only the address is known
   */
  @Nullable Map<String, String> of(@Nullable String podUid, InetAddress address);

  /** Calls the listener after every change of keys or labels. It must not block. */
  void onLabels(Runnable listener);
}
