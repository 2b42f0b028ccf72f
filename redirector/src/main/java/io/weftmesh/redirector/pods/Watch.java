package io.weftmesh.redirector.pods;

import io.weftmesh.redirector.log.Log;
import io.weftmesh.redirector.netns.Occupancy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Looks after the pods, a little every second: closes those that nobody lives in any more, and
 * checks the rules of each once per interval, spread over it. Called by one thread.
 */
public final class Watch {
  /** One look may miss a process that is just being forked. */
  private static final int LOOKS_BEFORE_ABANDONED = 2;

  private final Pods pods;
  private final Occupancy occupancy;
  private final PodEvents events;
  private final Tally tally;
  private final long verifyNanos;
  private final Map<Capture, Integer> empty = new HashMap<>();
  private final Map<Capture, Long> verified = new HashMap<>();

  /**
   * @param verifyNanos how often each pod's rules are checked
   */
  public Watch(Pods pods, Occupancy occupancy, PodEvents events, Tally tally, long verifyNanos) {
    this.pods = pods;
    this.occupancy = occupancy;
    this.events = events;
    this.tally = tally;
    this.verifyNanos = verifyNanos;
  }

  /**
   * Does what is due now. Nothing that goes wrong with one look may keep it from the next.
   *
   * @param nanos the time
   */
  public void tick(long nanos) {
    try {
      look(nanos);
    } catch (RuntimeException mistake) {
      Log.error("watching pods", mistake);
    }
  }

  private void look(long nanos) {
    List<Capture> captures = new ArrayList<>(pods.captures());
    empty.keySet().retainAll(captures);
    verified.keySet().retainAll(captures);
    abandonEmpty(captures);
    for (Capture capture : captures) {
      Long last = verified.putIfAbsent(capture, nanos);
      if (last != null && nanos - last >= verifyNanos) {
        verified.put(capture, nanos);
        verify(capture);
      }
    }
  }

  private void abandonEmpty(List<Capture> captures) {
    Set<Long> inodes = new HashSet<>();
    for (Capture capture : captures) {
      if (!pods.isKept(capture)) {
        inodes.add(capture.namespace().identity().inode());
      }
    }
    occupancy.removeOccupied(inodes);
    for (Capture capture : captures) {
      if (!inodes.contains(capture.namespace().identity().inode())) {
        empty.remove(capture);
      } else if (empty.merge(capture, 1, Integer::sum) >= LOOKS_BEFORE_ABANDONED
          && pods.abandon(capture)) {
        tally.abandoned();
        Log.info("abandoned " + capture.pod() + ": nobody is in its network namespace");
        events.podAbandoned(capture.pod().uid());
      }
    }
  }

  private void verify(Capture capture) {
    try {
      List<String> repaired = pods.repair(capture);
      if (!repaired.isEmpty()) {
        String detail = String.join(", ", repaired);
        tally.repaired();
        Log.warn("somebody changed the rules of " + capture.pod() + "; put back: " + detail);
        events.rulesRepaired(capture.pod().uid(), detail);
      }
    } catch (IOException failed) {
      Log.warn("cannot check the rules of " + capture.pod() + ": " + failed.getMessage());
    }
  }
}
