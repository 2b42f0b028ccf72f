package io.weftmesh.policy.model;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One rule of an access policy; all that it says must be met.
 *
 * @param name the object and the rule's place in it, for answers and explaining
 * @param allow whether it allows; otherwise it denies
 * @param dryRun whether it only counts
 * @param selector labels that the called pod must have; empty is every pod of the scope
 * @param from any of them; empty is everybody, also those without an identity
 * @param ports of the called pod; empty is all
 * @param http any of them; empty is whatever is sent
 */
public record AccessRule(
    String name,
    boolean allow,
    boolean dryRun,
    Map<String, String> selector,
    List<From> from,
    Set<Integer> ports,
    List<RequestCondition> http) {

  public AccessRule {
    selector = Map.copyOf(selector);
    from = List.copyOf(from);
    ports = Set.copyOf(ports);
    http = List.copyOf(http);
  }

  /** Denies everybody everything: what becomes of a policy that makes no sense. */
  public static AccessRule closed(String name, boolean dryRun, Map<String, String> selector) {
    return new AccessRule(name, false, dryRun, selector, List.of(), Set.of(), List.of());
  }

  /** A caller by identity, or by namespace and perhaps service account. */
  public sealed interface From {
    record Identity(String identity) implements From {
      @Override
      public String toString() {
        return identity;
      }
    }

    record Namespace(String namespace, Optional<String> serviceAccount) implements From {
      @Override
      public String toString() {
        return "namespace "
            + namespace
            + serviceAccount.map(account -> " service account " + account).orElse("");
      }
    }
  }

  boolean selects(Map<String, String> labels) {
    return selector.entrySet().stream()
        .allMatch(wanted -> wanted.getValue().equals(labels.get(wanted.getKey())));
  }

  /** Whether it stands in the way of somebody, or lets them pass; what it is depends on allow. */
  boolean isMetBy(@Nullable AccessCaller caller, int port, AccessWork work) {
    if (!isAbout(caller) || !isAbout(port)) {
      return false;
    }
    return switch (isMetBy(work)) {
      case YES -> true;
      case NO -> false;
      // A closed door: what cannot be told is not allowed, and is denied.
      case UNKNOWN -> !allow;
    };
  }

  /**
   * Why it is not met, for people.
   *
   * @param caller null for one without an identity
   * @param port of the called pod
   * @return null if it is met
   */
  public @Nullable String unmet(@Nullable AccessCaller caller, int port, AccessWork work) {
    if (isMetBy(caller, port, work)) {
      return null;
    }
    if (!isAbout(caller)) {
      return "it is about callers from "
          + from
          + (caller == null ? ", and this one has no identity" : ", not " + caller.identity());
    }
    if (!isAbout(port)) {
      return "it is about ports " + new TreeSet<>(ports) + ", not " + port;
    }
    return "it is about "
        + http
        + switch (work) {
          case AccessWork.Connection connection -> ", which a connection is not yet";
          case AccessWork.Bytes bytes ->
              ", and of bytes that are not understood that can't be told";
          case AccessWork.Request(RequestHead head) ->
              (isMetBy(work) == Certainty.UNKNOWN ? ", which can't be told of " : ", not ")
                  + head.method()
                  + " "
                  + head.path();
        };
  }

  boolean asksForRequests(int port) {
    return !http.isEmpty() && isAbout(port);
  }

  private boolean isAbout(int port) {
    return ports.isEmpty() || ports.contains(port);
  }

  private boolean isAbout(@Nullable AccessCaller caller) {
    if (from.isEmpty()) {
      return true;
    }
    if (caller == null) {
      return false;
    }
    for (int i = 0; i < from.size(); i++) {
      boolean is =
          switch (from.get(i)) {
            case From.Identity(String identity) -> identity.equals(caller.identity());
            case From.Namespace(String namespace, Optional<String> account) ->
                namespace.equals(caller.namespace())
                    && (account.isEmpty() || account.get().equals(caller.serviceAccount()));
          };
      if (is) {
        return true;
      }
    }
    return false;
  }

  private Certainty isMetBy(AccessWork work) {
    if (http.isEmpty()) {
      return Certainty.YES;
    }
    return switch (work) {
      case AccessWork.Connection() -> Certainty.of(allow);
      case AccessWork.Bytes() -> Certainty.UNKNOWN;
      case AccessWork.Request(RequestHead head) -> {
        Certainty met = Certainty.NO;
        for (int i = 0; i < http.size(); i++) {
          met = met.or(http.get(i).isMetBy(head));
        }
        yield met;
      }
    };
  }
}
