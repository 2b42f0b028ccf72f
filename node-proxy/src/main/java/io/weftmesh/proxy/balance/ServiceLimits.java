package io.weftmesh.proxy.balance;

import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.TrafficLimits;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * How much of one Service is in use on this node: by all clients together, and by each client pod,
 * so that one pod cannot take what the others need. Thread-safe, no lock.
 *
 * <p>Where no limit is set nothing is counted: a limit counts what begins after it was set.
 */
public final class ServiceLimits {
  private final Limits all = new Limits();
  private final Map<String, Limits> byClient = new ConcurrentHashMap<>();
  private final ConnectionPlaces connections = new ConnectionPlaces(this);

  /** What there may be too much of. */
  public enum Use {
    CONNECTION("connections", "connections"),
    PENDING_REQUEST("requests waiting for a connection", "pending_requests"),
    CONCURRENT_REQUEST("requests in hand", "concurrent_requests");

    private final String text;
    private final String label;

    Use(String text, String label) {
      this.text = text;
      this.label = label;
    }

    /** As metrics have it. */
    public String label() {
      return label;
    }

    int of(TrafficLimits limits) {
      return switch (this) {
        case CONNECTION -> limits.connections();
        case PENDING_REQUEST -> limits.pendingRequests();
        case CONCURRENT_REQUEST -> limits.concurrentRequests();
      };
    }
  }

  /** Whether there is room. */
  public sealed interface Admission {}

  /** There is. Closing it gives the place back; twice gives back one. Belongs to one thread. */
  public static final class Place implements Admission, AutoCloseable {
    /** Where nothing is limited. */
    public static final Place UNCOUNTED = new Place(null, null, null);

    private final Limit.@Nullable Guard ofAll;
    private final Limit.@Nullable Guard ofClient;
    private final @Nullable ConnectionPlaces awaited;

    private Place(
        Limit.@Nullable Guard ofAll,
        Limit.@Nullable Guard ofClient,
        @Nullable ConnectionPlaces awaited) {
      this.ofAll = ofAll;
      this.ofClient = ofClient;
      this.awaited = awaited;
    }

    @Override
    public void close() {
      if (ofAll != null) {
        ofAll.close();
      }
      if (ofClient != null) {
        ofClient.close();
      }
      if (awaited != null) {
        awaited.freed();
      }
    }
  }

  /**
   * There is none.
   *
   * @param perClient whether it is the client pod's own limit that is reached, or that of all
   */
  public record Full(Use use, boolean perClient, int max) implements Admission {
    /** {@code its limit of 100 requests in hand for each client pod is reached}. */
    @Override
    public String toString() {
      return "its limit of "
          + max
          + " "
          + use.text
          + (perClient ? " for each client pod" : "")
          + " is reached";
    }
  }

  /**
   * Asks for a place.
   *
   * @param settings in force for the Service
   * @param clientPod its UID
   */
  public Admission acquire(Use use, BackendSettings settings, String clientPod) {
    Admission admission = tryAcquire(use, settings, clientPod);
    if (use == Use.CONNECTION && admission instanceof Full) {
      // The attempt was counted for a moment, in which who gave one back may have found no room.
      connections.lookAgain();
    }
    return admission;
  }

  /** The same, for who looks after those who wait. */
  Admission tryAcquire(Use use, BackendSettings settings, String clientPod) {
    int most = use.of(settings.limits());
    int mostOfClient = use.of(settings.clientLimits());
    if (most == TrafficLimits.UNLIMITED && mostOfClient == TrafficLimits.UNLIMITED) {
      return Place.UNCOUNTED;
    }
    // The client's own first: one that is at its limit must not take from the others even briefly.
    Limit.Guard ofClient = client(clientPod).tryAcquire(use, mostOfClient);
    if (ofClient == null) {
      return new Full(use, true, mostOfClient);
    }
    Limit.Guard ofAll = all.tryAcquire(use, most);
    if (ofAll == null) {
      ofClient.close();
      return new Full(use, false, most);
    }
    return new Place(ofAll, ofClient, use == Use.CONNECTION ? connections : null);
  }

  /** Who waits for a connection. */
  public ConnectionPlaces connections() {
    return connections;
  }

  /** Whether {@link #acquire} would find a place now. */
  boolean hasRoom(Use use, BackendSettings settings, String clientPod) {
    return all.of(use).count() < use.of(settings.limits())
        && client(clientPod).of(use).count() < use.of(settings.clientLimits());
  }

  /** Whether a client pod has as many connections as it may have for itself. */
  boolean isClientFull(BackendSettings settings, String clientPod) {
    return client(clientPod).of(Use.CONNECTION).count() >= settings.clientLimits().connections();
  }

  /** That somebody has come first for what there may be. */
  Full full(Use use, BackendSettings settings, String clientPod) {
    boolean perClient = client(clientPod).of(use).count() >= use.of(settings.clientLimits());
    return new Full(
        use, perClient, use.of(perClient ? settings.clientLimits() : settings.limits()));
  }

  /** How much is in use, of what is counted. */
  public int held(Use use) {
    return all.of(use).held();
  }

  /** How often the limit of all refused, since the start. */
  public long refused(Use use) {
    return all.of(use).refused();
  }

  /** What is in use of all that is limited: for gauges. */
  public List<InUse> inUse(BackendSettings settings) {
    List<InUse> inUse = new ArrayList<>();
    for (Use use : Use.values()) {
      int most = use.of(settings.limits());
      if (most != TrafficLimits.UNLIMITED) {
        inUse.add(new InUse(use, Optional.empty(), all.of(use).count(), most));
      }
      int mostOfClient = use.of(settings.clientLimits());
      if (mostOfClient != TrafficLimits.UNLIMITED) {
        byClient.forEach((client, limits) ->
            inUse.add(new InUse(use, Optional.of(client), limits.of(use).count(), mostOfClient)));
      }
    }
    return inUse;
  }

  /**
   * How much of one limit is in use.
   *
   * @param clientPod whose own limit it is, by UID; empty for that of all
   * @param count may be more than {@code max} after that was lowered
   */
  public record InUse(Use use, Optional<String> clientPod, int count, int max) {}

  /** Forgets the client pods that are gone. Their places stay valid. */
  public void retainClients(Set<String> clientPods) {
    byClient.keySet().retainAll(clientPods);
  }

  private Limits client(String pod) {
    Limits known = byClient.get(pod);
    return known != null ? known : byClient.computeIfAbsent(pod, unknown -> new Limits());
  }

  /** One limit for each use. */
  private static final class Limits {
    private final Limit connections = new Limit(TrafficLimits.UNLIMITED);
    private final Limit pending = new Limit(TrafficLimits.UNLIMITED);
    private final Limit concurrent = new Limit(TrafficLimits.UNLIMITED);

    Limit of(Use use) {
      return switch (use) {
        case CONNECTION -> connections;
        case PENDING_REQUEST -> pending;
        case CONCURRENT_REQUEST -> concurrent;
      };
    }

    Limit.@Nullable Guard tryAcquire(Use use, int max) {
      Limit limit = of(use);
      limit.resize(max);
      return limit.tryAcquire();
    }
  }
}
