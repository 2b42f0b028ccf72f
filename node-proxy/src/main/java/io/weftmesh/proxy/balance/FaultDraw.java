package io.weftmesh.proxy.balance;

import io.weftmesh.policy.model.FaultPolicy;
import io.weftmesh.policy.model.RequestHead;
import java.time.Duration;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** Draws which faults are put into a request. Thread-safe if its random is. */
public final class FaultDraw {
  private final RandomGenerator random;

  public FaultDraw(RandomGenerator random) {
    this.random = random;
  }

  /**
   * What happens to a request.
   *
   * @param delay before anything else; zero for none
   * @param abort what it is answered after that; empty if it goes its way
   */
  public record Fault(Duration delay, Optional<FaultPolicy.Answer> abort) {
    public static final Fault NONE = new Fault(Duration.ZERO, Optional.empty());
  }

  /** Draws delay and abort, independently of each other. To be asked once for each request. */
  public Fault draw(FaultPolicy policy, RequestHead head) {
    if (!policy.appliesTo(head)) {
      return Fault.NONE;
    }
    boolean delayed = policy.delay().isPresent() && hits(policy.delay().get().percent());
    boolean aborted = policy.abort().isPresent() && hits(policy.abort().get().percent());
    if (!delayed && !aborted) {
      return Fault.NONE;
    }
    return new Fault(
        delayed ? policy.delay().get().duration() : Duration.ZERO,
        aborted ? policy.abort().map(FaultPolicy.Abort::answer) : Optional.empty());
  }

  private boolean hits(int percent) {
    return random.nextInt(100) < percent;
  }
}
