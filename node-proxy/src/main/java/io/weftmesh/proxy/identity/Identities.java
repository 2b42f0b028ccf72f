package io.weftmesh.proxy.identity;

import io.weftmesh.ca.api.ControlThread;
import io.weftmesh.ca.api.SpiffeId;
import java.io.Closeable;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The identities of this node's pods. Each is required while a captured pod needs it; its key is
 * made here and never leaves, the certificate is signed by the ca and renewed at half its life,
 * give or take a tenth. While the ca is gone the last certificate serves until its end, and the
 * renewal is tried again and again.
 *
 * <p>Thread-safe; never blocks. The work happens on the control thread.
 */
public final class Identities implements Closeable {
  /** Hears of certificates, on the control thread. */
  interface Listener {
    /** There is a first certificate of an identity, or the next. */
    void onSvid(Svid svid);

    /** The identity's certificate is of no use any more: nobody needs it, or it has ended. */
    void onGone(SpiffeId id);
  }

  /** A pod that is created anew right after its end needs no new certificate. */
  static final Duration LINGER = Duration.ofSeconds(10);

  private final ControlThread control;
  private final SvidRequests requests;
  private final IdentityMetrics metrics;
  private final RenewalSchedule schedule;
  private final Map<SpiffeId, Identity> identities = new ConcurrentHashMap<>();
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();

  /**
   * Requires nothing yet.
   *
   * @param random numbers from 0 to 1, for the jitter
   */
  public Identities(
      Signer signer,
      Trust trust,
      ControlThread control,
      IdentityMetrics metrics,
      DoubleSupplier random) {
    this.control = control;
    this.requests = new SvidRequests(signer, trust);
    this.metrics = metrics;
    this.schedule = new RenewalSchedule(random);
  }

  /**
   * A pod of this node needs the identity from now on. Counted: for each call one of {@link
   * #release}.
   */
  public void require(SpiffeId id) {
    control.execute(() -> {
      Identity identity = identities.computeIfAbsent(id, Identity::new);
      identity.users++;
      if (identity.users == 1) {
        identity.start();
      }
    });
  }

  /**
   * A pod has gone that needed the identity. With the last one renewals end, and {@link #LINGER}
   * later the key and the certificate are given up: a node that is taken over must not have the
   * keys of what it no longer runs.
   */
  public void release(SpiffeId id) {
    control.execute(() -> {
      Identity identity = identities.get(id);
      if (identity == null || identity.users == 0) {
        throw new IllegalStateException(id + " was released more often than required");
      }
      identity.users--;
      if (identity.users == 0) {
        identity.retire();
      }
    });
  }

  /**
   * Completes as soon as an unexpired certificate is in hand, on the control thread or at once;
   * fails when the identity is not required, or not any more. Who waits no longer cancels it.
   */
  @SuppressWarnings("CollectionUndefinedEquality") // this very future is meant
  public CompletableFuture<Void> ready(SpiffeId id) {
    if (current(id) != null) {
      return CompletableFuture.completedFuture(null);
    }
    CompletableFuture<Void> ready = new CompletableFuture<>();
    control.execute(() -> {
      Identity identity = identities.get(id);
      if (identity == null || identity.users == 0) {
        ready.completeExceptionally(notRequired(id));
      } else if (current(id) != null) {
        ready.complete(null);
      } else {
        identity.waiting.add(ready);
        ready.whenComplete((done, failure) -> {
          if (ready.isCancelled()) {
            control.execute(() -> identity.waiting.remove(ready));
          }
        });
      }
    });
    return ready;
  }

  /** The identity's certificate, unexpired, or null. */
  public @Nullable Svid current(SpiffeId id) {
    // The clock first: between the two a renewal may come, which must not look like an end.
    Instant now = control.instant();
    Identity identity = identities.get(id);
    Svid svid = identity == null ? null : identity.svid;
    return svid != null && now.isBefore(svid.notAfter()) ? svid : null;
  }

  /** The required identities without a certificate in hand; for readiness and its message. */
  public List<SpiffeId> missing() {
    return identities.values().stream()
        .filter(identity -> identity.required && current(identity.id) == null)
        .map(identity -> identity.id)
        .toList();
  }

  /** The ca is back: what failed is tried again, spread over a second, and not at its next turn. */
  public void retrySoon() {
    control.execute(
        () -> identities.values().forEach(identity -> identity.retryAfter(schedule.spread())));
  }

  /** Hears of all certificates from now on. */
  void onChange(Listener listener) {
    listeners.add(listener);
  }

  @Override
  public void close() {
    control.execute(() -> {
      identities.values().forEach(Identity::end);
      identities.clear();
    });
  }

  private static IllegalStateException notRequired(SpiffeId id) {
    return new IllegalStateException(id + " is required by no pod of this node");
  }

  /** One identity: confined to the control thread, but for what is volatile. */
  private final class Identity {
    private final SpiffeId id;
    private final Set<CompletableFuture<Void>> waiting = new LinkedHashSet<>();
    private int users;
    private volatile boolean required;
    private volatile @Nullable Svid svid;
    private int failures;
    private boolean requested;
    private Instant renewal = Instant.MIN;
    private Instant unusedUntil = Instant.MIN;
    private ControlThread.@Nullable Alarm alarm;

    private Identity(SpiffeId id) {
      this.id = id;
    }

    /** The first user came: the certificate of before may still be good. */
    private void start() {
      required = true;
      if (current(id) == null) {
        renewal = Instant.MIN;
      }
      wake();
    }

    /** The last user went. */
    private void retire() {
      required = false;
      unusedUntil = control.instant().plus(LINGER);
      letWaitingGo(ready -> ready.completeExceptionally(notRequired(id)));
      wake();
    }

    private void letWaitingGo(Consumer<CompletableFuture<Void>> how) {
      List<CompletableFuture<Void>> all = List.copyOf(waiting);
      waiting.clear();
      all.forEach(how);
    }

    /** Brings the next try forward, after a failure. */
    private void retryAfter(Duration delay) {
      if (failures > 0 && !requested) {
        renewal = control.instant().plus(delay);
        wake();
      }
    }

    private void wakeAfter(Duration delay) {
      cancelAlarm();
      alarm = control.after(delay, this::wake);
    }

    /**
     * Does what is due, and sets the alarm for what comes next. Never sleeps for long: the wall
     * clock, by which certificates end, may be set or may have gone on while the machine did not.
     */
    private void wake() {
      cancelAlarm();
      Instant now = control.instant();
      Svid held = svid;
      boolean expired = held != null && !now.isBefore(held.notAfter());
      if (expired) {
        svid = null;
        metrics.expired(id);
        listeners.forEach(listener -> listener.onGone(id));
      }
      if (users == 0 && (svid == null || !now.isBefore(unusedUntil))) {
        end();
        identities.remove(id);
      } else if (requested) {
        wakeAfter(schedule.sleep(now, Instant.MAX, svid));
      } else if (users > 0 && !now.isBefore(renewal)) {
        request();
      } else {
        wakeAfter(schedule.sleep(now, users > 0 ? renewal : unusedUntil, svid));
      }
    }

    private void request() {
      requested = true;
      wakeAfter(schedule.sleep(control.instant(), Instant.MAX, svid));
      requests
          .svid(id)
          .whenComplete((answer, failure) ->
              control.execute(() -> {
                requested = false;
                if (identities.get(id) != this) {
                  return;
                }
                if (answer != null) {
                  succeed(answer);
                } else {
                  fail(failure);
                }
              }));
    }

    private void succeed(Svid fresh) {
      failures = 0;
      // The TLS contexts first: who sees that there is a certificate goes on to use it.
      listeners.forEach(listener -> listener.onSvid(fresh));
      svid = fresh;
      renewal = schedule.renewal(control.instant(), fresh.notAfter());
      metrics.renewed(fresh);
      letWaitingGo(ready -> ready.complete(null));
      wake();
    }

    private void fail(Throwable failure) {
      failures++;
      metrics.failed(id, failure);
      renewal = control.instant().plus(schedule.backOff(failures, control.instant(), svid));
      wake();
    }

    private void end() {
      cancelAlarm();
      letWaitingGo(ready -> ready.completeExceptionally(notRequired(id)));
      metrics.gone(id);
      if (svid != null) {
        svid = null;
        listeners.forEach(listener -> listener.onGone(id));
      }
    }

    private void cancelAlarm() {
      if (alarm != null) {
        alarm.cancel();
        alarm = null;
      }
    }
  }
}
