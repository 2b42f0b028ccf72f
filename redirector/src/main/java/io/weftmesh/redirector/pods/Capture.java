package io.weftmesh.redirector.pods;

import io.weftmesh.redirector.lease.CaptureState;
import io.weftmesh.redirector.lease.Descriptor;
import io.weftmesh.redirector.lease.Family;
import io.weftmesh.redirector.lease.Listeners;
import io.weftmesh.redirector.lease.PodRef;
import io.weftmesh.redirector.lease.Reason;
import io.weftmesh.redirector.lease.RedirectorException;
import io.weftmesh.redirector.linux.Sockets;
import io.weftmesh.redirector.netns.NetworkNamespace;
import io.weftmesh.redirector.rules.PodFirewall;
import java.io.IOException;
import java.util.List;

/**
 * All that is held of one pod: its namespace, its listeners, and the rules there. {@link Pods} lets
 * one thread at a time change it; leasing and listing run beside that.
 */
final class Capture implements AutoCloseable {
  private final NetworkNamespace namespace;
  private final Listeners listeners;
  private final PodFirewall firewall;
  private volatile PodRef pod;
  private volatile CaptureState state;
  private boolean closed;

  private Capture(
      PodRef pod,
      NetworkNamespace namespace,
      Listeners listeners,
      PodFirewall firewall,
      CaptureState state) {
    this.pod = pod;
    this.namespace = namespace;
    this.listeners = listeners;
    this.firewall = firewall;
    this.state = state;
  }

  /**
   * Takes over namespace and listeners, and adopts the rules that an earlier process has left. If
   * that fails, both stay the caller's.
   */
  static Capture adopt(PodRef pod, NetworkNamespace namespace, Listeners listeners)
      throws IOException {
    return namespace.call(() -> {
      PodFirewall firewall = PodFirewall.choose();
      CaptureState state = firewall.found();
      if (state != CaptureState.OPENED) {
        firewall.apply(state, pod.exclusions());
      }
      return new Capture(pod, namespace, listeners, firewall, state);
    });
  }

  PodRef pod() {
    return pod;
  }

  CaptureState state() {
    return state;
  }

  NetworkNamespace namespace() {
    return namespace;
  }

  /** Takes new exclusions; they are in force when this returns. */
  void update(PodRef newPod) throws IOException {
    boolean changed = !newPod.exclusions().equals(pod.exclusions());
    pod = newPod;
    if (changed && state != CaptureState.OPENED) {
      to(state);
    }
  }

  /**
   * Makes the rules those of a state, even if they should be that already. If that fails, the state
   * stays what it was, and is repaired like any other change; what nobody has ever armed is
   * cleaned.
   */
  void to(CaptureState wanted) throws IOException {
    if (wanted == CaptureState.OPENED && state == CaptureState.OPENED) {
      return;
    }
    try {
      namespace.call(() -> firewall.apply(wanted, pod.exclusions()));
      state = wanted;
    } catch (IOException failed) {
      if (state == CaptureState.OPENED) {
        clean(failed);
      }
      throw new RedirectorException(
          Reason.RULES_FAILED, "rules of " + pod + ": " + failed.getMessage(), failed);
    }
  }

  /** A pod that could not be armed is left as it was found, not half captured. */
  private void clean(IOException failure) {
    try {
      namespace.call(() -> firewall.apply(CaptureState.OPENED, pod.exclusions()));
    } catch (IOException alsoFailed) {
      failure.addSuppressed(alsoFailed);
    }
  }

  /** Puts back what is missing of the rules; says what that was. */
  List<String> repair() throws IOException {
    return namespace.call(() -> firewall.repair(state, pod.exclusions()));
  }

  List<Descriptor> lease(Family family, int count) throws IOException {
    return namespace.call(() -> PodSockets.lease(family, count));
  }

  /** Further descriptors of the listeners, for one who asked for them. */
  synchronized Listeners duplicateListeners() throws IOException {
    if (closed) {
      throw new RedirectorException(Reason.NOT_OPEN, pod + " has just been closed");
    }
    Descriptor outbound = listeners.outbound().duplicate();
    Descriptor inbound = null;
    try {
      inbound = listeners.inbound().duplicate();
      return new Listeners(outbound, inbound, listeners.tunnel().duplicate());
    } catch (IOException failed) {
      outbound.close();
      if (inbound != null) {
        inbound.close();
      }
      throw failed;
    }
  }

  /**
   * Closes the descriptors and ends the listeners for all who have copies: one that was forgotten
   * somewhere would keep its port, and hold connections that nobody accepts.
   */
  synchronized void endListening() {
    for (Descriptor listener : listeners.descriptors()) {
      Sockets.shutdown(listener.number());
    }
    close();
  }

  /** Closes the descriptors; rules, and the copies that others have, stay as they are. */
  @Override
  public synchronized void close() {
    closed = true;
    listeners.close();
    namespace.close();
  }
}
