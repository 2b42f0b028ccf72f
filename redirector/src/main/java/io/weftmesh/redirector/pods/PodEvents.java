package io.weftmesh.redirector.pods;

/** Told of what happens to pods by itself. */
public interface PodEvents {
  /** Nobody is left in the pod's namespace; all of it is closed. */
  void podAbandoned(String podUid);

  /** Rules that somebody else had removed or changed are in place again. */
  void rulesRepaired(String podUid, String detail);
}
