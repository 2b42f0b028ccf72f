package io.weftmesh.redirector.lease;

/** Told of what happens by itself. Called on the client's receiving thread: must not block. */
public interface RedirectorListener {
  /**
   * No process is in the pod's network namespace any more and the redirector has closed all that it
   * held of it. The caller's own descriptors keep the namespace alive until it closes them too.
   */
  void podAbandoned(String podUid);

  /** Somebody else had removed or changed rules of the pod; they are in place again. */
  void rulesRepaired(String podUid, String detail);

  /** The redirector is gone; the client is of no more use. Not called after {@code close}. */
  void connectionLost(Throwable cause);
}
