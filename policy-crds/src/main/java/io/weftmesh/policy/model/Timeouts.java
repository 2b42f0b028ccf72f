package io.weftmesh.policy.model;

import java.time.Duration;

/**
 * How long a request may take. Zero is no limit, as Gateway API has it.
 *
 * @param request all of it, retries and their pauses included, until the answer's last byte
 * @param perTry one try, until the answer's head
 */
public record Timeouts(Duration request, Duration perTry) {
  public static final Timeouts NONE = new Timeouts(Duration.ZERO, Duration.ZERO);
}
