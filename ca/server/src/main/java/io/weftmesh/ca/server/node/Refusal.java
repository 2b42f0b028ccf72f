package io.weftmesh.ca.server.node;

import java.util.Locale;

/** Why a call is refused: for the log and the metrics of the ca, never for the caller. */
public enum Refusal {
  TOKEN_MISSING,
  TOKEN_MALFORMED,
  /** Not signed with an algorithm that is allowed; "none" above all. */
  TOKEN_ALGORITHM,
  TOKEN_UNKNOWN_KEY,
  TOKEN_SIGNATURE,
  TOKEN_ISSUER,
  TOKEN_AUDIENCE,
  TOKEN_EXPIRED,
  TOKEN_NOT_YET_VALID,
  /** A token that is not bound to a pod on a node. */
  TOKEN_NOT_BOUND,
  SERVICE_ACCOUNT_NOT_ALLOWED,
  /** The caller's pod does not exist, no longer, or under another UID. */
  CALLER_POD_GONE,
  /** The token names another node than the one that the caller's pod is bound to. */
  CALLER_NODE_MISMATCH,
  IDENTITY_MALFORMED,
  IDENTITY_TRUST_DOMAIN,
  /** No opted-in pod of that service account lives on the caller's node. */
  IDENTITY_NOT_ON_NODE,
  /** A node speaks for a pod of another one. */
  POD_OF_OTHER_NODE,
  RATE_LIMITED,
  BAD_CSR,
  TOO_MANY_STREAMS;

  /** The value of a metric's label. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
