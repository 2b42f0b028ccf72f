package io.weftmesh.redirector.lease;

/** Why the redirector did not do what it was asked. */
public enum Reason {
  /** No process on the node, and no file, has the pod's network namespace. It may not run yet. */
  NAMESPACE_NOT_FOUND,
  /** The pod lives in the host's network namespace, which is never touched. */
  HOST_NAMESPACE,
  /** An application in the pod listens on 15001, 15006 or 15008 already. */
  PORT_TAKEN,
  /** The pod must be opened first; it never was, or has been closed or abandoned. */
  NOT_OPEN,
  /** The listeners that were given back do not belong to the pod as it is now: open it again. */
  NOT_ITS_LISTENERS,
  /** The rules could not be written, or did not read back as written. */
  RULES_FAILED,
  /** Descriptors or memory are exhausted here or there. */
  EXHAUSTED,
  /** The message was not understood. */
  MALFORMED,
  /** No version of the protocol is spoken by both sides. */
  VERSION,
  /** The redirector failed in a way that it has no word for; its log says more. */
  INTERNAL,
  /** No answer in time. The request may yet be carried out; each may be repeated. */
  TIMED_OUT,
  /** The connection ended or could not be made. */
  DISCONNECTED
}
