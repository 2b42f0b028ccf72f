package io.weftmesh.policy.compile;

import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.RetryPolicy;
import io.weftmesh.policy.model.Timeouts;

/** What one policy says of its target, checked and with the defaults filled in. */
record RequestSettings(Timeouts timeouts, RetryPolicy retries, BackendSettings backend) {
  static final RequestSettings DEFAULT =
      new RequestSettings(Timeouts.NONE, RetryPolicy.DEFAULT, BackendSettings.DEFAULT);
}
