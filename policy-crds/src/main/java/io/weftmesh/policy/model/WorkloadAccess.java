package io.weftmesh.policy.model;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who may call one workload. Deny wins; with any allowing rule, all else is denied; with none,
 * everybody who is not denied may call. Rules in dry run are left out, then asked what they would
 * have changed. Immutable; any thread.
 *
 * @param denying enforced rules that deny
 * @param allowing enforced rules that allow
 * @param dryDenying rules in dry run that would deny
 * @param dryAllowing rules in dry run that would allow
 */
public record WorkloadAccess(
    List<AccessRule> denying,
    List<AccessRule> allowing,
    List<AccessRule> dryDenying,
    List<AccessRule> dryAllowing) {
  /** Everybody may call: nothing was written. */
  public static final WorkloadAccess OPEN =
      new WorkloadAccess(List.of(), List.of(), List.of(), List.of());

  private static final String NOT_ALLOWED = "no rule allows it";

  public WorkloadAccess {
    denying = List.copyOf(denying);
    allowing = List.copyOf(allowing);
    dryDenying = List.copyOf(dryDenying);
    dryAllowing = List.copyOf(dryAllowing);
  }

  static WorkloadAccess of(List<AccessRule> rules) {
    return new WorkloadAccess(
        those(rules, false, false),
        those(rules, true, false),
        those(rules, false, true),
        those(rules, true, true));
  }

  /**
   * Whether something is decided by requests, so that HTTP must be understood at the destination.
   *
   * @param port of the called pod
   */
  public boolean needsRequests(int port) {
    return asksForRequests(denying, port)
        || asksForRequests(allowing, port)
        || asksForRequests(dryDenying, port)
        || asksForRequests(dryAllowing, port);
  }

  /**
   * Decides.
   *
   * @param caller null for one without an identity
   * @param port of the called pod
   */
  public AccessDecision decide(@Nullable AccessCaller caller, int port, AccessWork work) {
    AccessRule denies = firstMet(denying, caller, port, work);
    if (denies != null) {
      return new AccessDecision.Deny(denies.name());
    }
    boolean allowed = allowing.isEmpty() || firstMet(allowing, caller, port, work) != null;
    if (!allowed) {
      return new AccessDecision.Deny(NOT_ALLOWED);
    }
    AccessRule wouldDeny = firstMet(dryDenying, caller, port, work);
    if (wouldDeny != null) {
      return new AccessDecision.DryRunDeny(wouldDeny.name());
    }
    boolean wouldAllow =
        dryAllowing.isEmpty()
            || !allowing.isEmpty()
            || firstMet(dryAllowing, caller, port, work) != null;
    return wouldAllow ? AccessDecision.ALLOW : new AccessDecision.DryRunDeny(NOT_ALLOWED);
  }

  private static @Nullable AccessRule firstMet(
      List<AccessRule> rules, @Nullable AccessCaller caller, int port, AccessWork work) {
    for (int i = 0; i < rules.size(); i++) {
      if (rules.get(i).isMetBy(caller, port, work)) {
        return rules.get(i);
      }
    }
    return null;
  }

  private static List<AccessRule> those(List<AccessRule> rules, boolean allow, boolean dryRun) {
    List<AccessRule> those = new ArrayList<>();
    for (AccessRule rule : rules) {
      if (rule.allow() == allow && rule.dryRun() == dryRun) {
        those.add(rule);
      }
    }
    return those;
  }

  private static boolean asksForRequests(List<AccessRule> rules, int port) {
    for (int i = 0; i < rules.size(); i++) {
      if (rules.get(i).asksForRequests(port)) {
        return true;
      }
    }
    return false;
  }
}
