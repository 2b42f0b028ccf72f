package io.weftmesh.policy.compile;

import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.RequestPolicy;

/** What one policy says of its target, checked and with the defaults filled in. */
record RequestSettings(RequestPolicy requests, BackendSettings backend) {
  static final RequestSettings DEFAULT =
      new RequestSettings(RequestPolicy.DEFAULT, BackendSettings.DEFAULT);
}
