package io.weftmesh.redirector.lease;

/** How far a pod's capture has gone. */
public enum CaptureState {
  /** Listeners are open, no rule is in place. */
  OPENED,
  /** New connections are redirected. */
  ARMED,
  /** New connections go directly; those that were redirected go on until the pod is closed. */
  DRAINING
}
