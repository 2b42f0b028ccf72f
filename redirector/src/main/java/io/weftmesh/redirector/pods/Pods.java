package io.weftmesh.redirector.pods;

import io.weftmesh.redirector.lease.CaptureState;
import io.weftmesh.redirector.lease.Descriptor;
import io.weftmesh.redirector.lease.Family;
import io.weftmesh.redirector.lease.Listeners;
import io.weftmesh.redirector.lease.OpenedPod;
import io.weftmesh.redirector.lease.PodRef;
import io.weftmesh.redirector.lease.PodState;
import io.weftmesh.redirector.lease.Reason;
import io.weftmesh.redirector.lease.RedirectorException;
import io.weftmesh.redirector.linux.Sockets;
import io.weftmesh.redirector.log.Log;
import io.weftmesh.redirector.netns.NetworkNamespace;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The pods of this node that somebody has opened. Thread-safe; what changes a pod is done by one
 * thread at a time, under one of a fixed number of locks that pods share by their UID's hash.
 */
public final class Pods {
  private static final int LOCKS = 16;

  private final Map<String, Capture> captures = new ConcurrentHashMap<>();
  private final Lock[] locks = new Lock[LOCKS];
  private final Namespaces namespaces;

  public Pods(Namespaces namespaces) {
    this.namespaces = namespaces;
    for (int i = 0; i < LOCKS; i++) {
      locks[i] = new ReentrantLock();
    }
  }

  /**
   * Opens the pod's listeners, or finds them open. The listeners of the result are the caller's.
   */
  public OpenedPod open(PodRef pod) throws IOException {
    Lock lock = lock(pod.uid());
    lock.lock();
    try {
      NetworkNamespace namespace = namespaces.require(pod);
      Capture capture = current(pod, namespace);
      if (capture == null) {
        capture = create(pod, namespace);
      } else {
        namespace.close();
        capture.update(pod);
      }
      return new OpenedPod(pod, capture.state(), capture.duplicateListeners());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes listeners that a client holds, if this process does not hold the pod's itself.
   *
   * @param listeners closed here unless they are taken
   * @return the state of the pod
   */
  public CaptureState restore(PodRef pod, Listeners listeners) throws IOException {
    Lock lock = lock(pod.uid());
    lock.lock();
    NetworkNamespace namespace = null;
    boolean taken = false;
    try {
      namespace = namespaces.require(pod);
      checkBelongs(pod, namespace, listeners.outbound(), Listeners.OUTBOUND_PORT);
      checkBelongs(pod, namespace, listeners.inbound(), Listeners.INBOUND_PORT);
      checkBelongs(pod, namespace, listeners.tunnel(), Listeners.TUNNEL_PORT);
      Capture capture = current(pod, namespace);
      if (capture != null) {
        capture.update(pod);
        return capture.state();
      }
      capture = Capture.adopt(pod, namespace, listeners);
      taken = true;
      captures.put(pod.uid(), capture);
      Log.info("restored " + pod + ", " + capture.state());
      return capture.state();
    } finally {
      if (!taken) {
        listeners.close();
        if (namespace != null) {
          namespace.close();
        }
      }
      lock.unlock();
    }
  }

  /** Makes the pod's rules those of a state; in place already, nothing is done. */
  public void change(String podUid, CaptureState state) throws IOException {
    Lock lock = lock(podUid);
    lock.lock();
    try {
      Capture capture = require(podUid);
      CaptureState before = capture.state();
      if (state == CaptureState.DRAINING && before == CaptureState.OPENED) {
        return;
      }
      capture.to(state);
      Log.info(capture.pod() + ": " + before + " to " + state);
    } finally {
      lock.unlock();
    }
  }

  /** Removes the pod's rules and closes all that is held of it; unknown, it is closed already. */
  public void close(String podUid) throws IOException {
    Lock lock = lock(podUid);
    lock.lock();
    try {
      Capture capture = captures.get(podUid);
      if (capture != null) {
        capture.to(CaptureState.OPENED);
        captures.remove(podUid);
        capture.endListening();
        Log.info("closed " + capture.pod());
      }
    } finally {
      lock.unlock();
    }
  }

  /** Outgoing sockets of the pod, which are the caller's. */
  public List<Descriptor> lease(String podUid, Family family, int count) throws IOException {
    return require(podUid).lease(family, count);
  }

  /** Shows every pod; listeners, if asked for, are the visitor's to close. */
  public void forEach(boolean withListeners, Consumer<PodState> visitor) throws IOException {
    for (Capture capture : captures.values()) {
      Listeners listeners;
      try {
        listeners = withListeners ? capture.duplicateListeners() : null;
      } catch (RedirectorException closedMeanwhile) {
        continue;
      }
      visitor.accept(new PodState(capture.pod(), capture.state(), listeners));
    }
  }

  Collection<Capture> captures() {
    return captures.values();
  }

  /**
   * Puts back what is missing of a pod's rules.
   *
   * @return what that was; empty if nothing, or if the pod is being changed anyway
   */
  List<String> repair(Capture capture) throws IOException {
    Lock lock = lock(capture.pod().uid());
    if (!lock.tryLock()) {
      return List.of();
    }
    try {
      boolean present = captures.get(capture.pod().uid()) == capture;
      return present && capture.state() != CaptureState.OPENED ? capture.repair() : List.of();
    } finally {
      lock.unlock();
    }
  }

  /** Closes all that is held of a pod whose namespace nobody lives in; its rules go with it. */
  boolean abandon(Capture capture) {
    Lock lock = lock(capture.pod().uid());
    lock.lock();
    try {
      if (!captures.remove(capture.pod().uid(), capture)) {
        return false;
      }
      capture.close();
      return true;
    } finally {
      lock.unlock();
    }
  }

  boolean isKept(Capture capture) {
    return namespaces.isKept(capture);
  }

  private Capture create(PodRef pod, NetworkNamespace namespace) throws IOException {
    Listeners listeners = null;
    try {
      listeners = namespace.call(PodSockets::listen);
      Capture capture = Capture.adopt(pod, namespace, listeners);
      captures.put(pod.uid(), capture);
      Log.info("opened " + pod + ", " + capture.state());
      return capture;
    } catch (IOException failed) {
      if (listeners != null) {
        listeners.close();
      }
      namespace.close();
      throw failed;
    }
  }

  /** What is held of the pod in this namespace; what was held in another is closed. */
  private @Nullable Capture current(PodRef pod, NetworkNamespace namespace) {
    Capture capture = captures.get(pod.uid());
    if (capture == null || capture.namespace().identity().equals(namespace.identity())) {
      return capture;
    }
    Log.info(pod + " has a new network namespace");
    captures.remove(pod.uid());
    capture.close();
    return null;
  }

  private static void checkBelongs(
      PodRef pod, NetworkNamespace namespace, Descriptor listener, int port) throws IOException {
    int number = listener.number();
    if (!PodSockets.listensOn(number, port)) {
      throw new RedirectorException(
          Reason.NOT_ITS_LISTENERS, "the socket given for " + pod + " does not listen on " + port);
    }
    try (NetworkNamespace owner =
        NetworkNamespace.of(new Descriptor(Sockets.networkNamespaceOf(number)))) {
      if (!owner.identity().equals(namespace.identity())) {
        throw new RedirectorException(
            Reason.NOT_ITS_LISTENERS,
            "the socket given for "
                + pod
                + " is of namespace "
                + owner.identity()
                + ", expected "
                + namespace.identity());
      }
    }
  }

  private Capture require(String podUid) throws RedirectorException {
    Capture capture = captures.get(podUid);
    if (capture == null) {
      throw new RedirectorException(Reason.NOT_OPEN, "pod " + podUid + " is not open");
    }
    return capture;
  }

  private Lock lock(String podUid) {
    return locks[Math.floorMod(podUid.hashCode(), LOCKS)];
  }
}
