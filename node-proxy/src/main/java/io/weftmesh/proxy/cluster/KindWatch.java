package io.weftmesh.proxy.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.dsl.Informable;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.weftmesh.policy.manifest.ObjectKey;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the objects of one kind: lists them in pages, watches from there, lists again when the
 * server has forgotten that version (410), and goes on after every failure. Thread-safe.
 *
 * @param <W> as what the objects come from the wire
 */
final class KindWatch<W extends HasMetadata> implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(KindWatch.class);
  private static final long PAGE = 500;
  private static final long SAY_AGAIN_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final Class<? extends HasMetadata> type;
  private final Function<W, ? extends HasMetadata> typed;
  private final KnownObjects known;
  private final Heard heard;
  private final SharedIndexInformer<W> informer;

  private volatile boolean listed;
  private volatile boolean closed;
  private volatile @Nullable String trouble;
  private String said = "";
  private long saidNanos;
  private int away;

  /**
   * @param resources what to follow
   * @param wire their class
   * @param typed makes of them an object of {@code type}
   * @param heard told, on any thread, of whatever comes
   */
  KindWatch(
      Class<? extends HasMetadata> type,
      Informable<W> resources,
      Class<W> wire,
      Function<W, ? extends HasMetadata> typed,
      KnownObjects known,
      Heard heard) {
    this.type = type;
    this.typed = typed;
    this.known = known;
    this.heard = heard;
    this.informer =
        resources
            .withLimit(PAGE)
            .runnableInformer(0)
            .itemStore(new VersionStore<>(wire))
            .exceptionHandler(this::goesOn)
            .addEventHandler(new Events());
  }

  /** Hears of what the server tells. */
  @FunctionalInterface
  interface Heard {
    /**
     * Something has come.
     *
     * @param matters whether anything that matters is other than before, or was listed for the
     *     first time
     */
    void heard(boolean matters);
  }

  void start() {
    // Failures come to the exception handler.
    informer.start().exceptionally(failure -> null);
  }

  /** Whether all objects of the kind are known, those of some moment at least. */
  boolean isListed() {
    return listed;
  }

  /** To be asked now and then: whether changes have not come in for so many questions in a row. */
  boolean isStuck(int questions) {
    away = informer.isWatching() ? 0 : away + 1;
    return away >= questions;
  }

  /** Whether changes come in; false while the connection is made again. */
  boolean isWatching() {
    return informer.isWatching();
  }

  /** What the last try has failed with, for people; null while all is well. */
  @Nullable String trouble() {
    return trouble;
  }

  /** Nothing is told any more when it returns: the next watch of the kind may know better. */
  @Override
  public void close() {
    synchronized (known) {
      closed = true;
    }
    informer.stop();
  }

  private synchronized boolean goesOn(boolean started, Throwable failure) {
    if (closed) {
      return false;
    }
    String now = describe(failure);
    long nanos = System.nanoTime();
    if (!now.equals(said) || nanos - saidNanos > SAY_AGAIN_NANOS) {
      said = now;
      saidNanos = nanos;
      log.warn("Following {} fails, and is tried again: {}", HasMetadata.getPlural(type), now);
    }
    trouble = now;
    return true;
  }

  private static String describe(Throwable failure) {
    String outer = String.valueOf(failure.getMessage());
    Throwable root = failure.getCause();
    if (root == null) {
      return outer;
    }
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return outer + " (" + root + ")";
  }

  private ObjectKey key(String namespaceAndName) {
    int slash = namespaceAndName.indexOf('/');
    return new ObjectKey(
        HasMetadata.getKind(type),
        slash < 0 ? "" : namespaceAndName.substring(0, slash),
        namespaceAndName.substring(slash + 1));
  }

  private final class Events implements ResourceEventHandler<W> {
    @Override
    public void onAdd(W object) {
      put(object);
    }

    @Override
    public void onUpdate(W before, W object) {
      put(object);
    }

    private void put(W object) {
      HasMetadata read;
      try {
        read = typed.apply(object);
      } catch (RuntimeException unreadable) {
        String reason = String.valueOf(unreadable.getMessage()).lines().findFirst().orElse("");
        tell(() -> known.refuse(key(informer.getStore().getKey(object)), reason));
        return;
      }
      tell(() -> known.put(read));
    }

    @Override
    public void onDelete(W object, boolean lastStateUnknown) {
      ObjectKey key = key(informer.getStore().getKey(object));
      tell(() -> known.remove(type, key));
    }

    /** What was deleted while nobody watched is in no list. */
    @Override
    public void onList(String version, boolean remainedEmpty) {
      Set<ObjectKey> there =
          informer.getStore().listKeys().stream()
              .map(KindWatch.this::key)
              .collect(Collectors.toSet());
      boolean first = !listed;
      listed = true;
      trouble = null;
      tell(() -> known.retain(type, there) || first);
    }

    /** What was told by a watch that is closed may be older than what the next one has told. */
    private void tell(BooleanSupplier change) {
      boolean matters;
      synchronized (known) {
        matters = !closed && change.getAsBoolean();
      }
      heard.heard(matters);
    }
  }
}
