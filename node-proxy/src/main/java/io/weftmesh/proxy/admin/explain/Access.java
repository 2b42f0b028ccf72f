package io.weftmesh.proxy.admin.explain;

import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.policy.model.AccessCaller;
import io.weftmesh.policy.model.AccessDecision;
import io.weftmesh.policy.model.AccessRule;
import io.weftmesh.policy.model.AccessWork;
import io.weftmesh.policy.model.InboundMode;
import io.weftmesh.policy.model.InboundSecurity;
import io.weftmesh.policy.model.RequestHead;
import io.weftmesh.policy.model.WorkloadAccess;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.routing.Destination.PodDestination;
import io.weftmesh.proxy.routing.InboundCaller;
import io.weftmesh.proxy.routing.InboundDecision;
import io.weftmesh.proxy.routing.InboundPolicy;
import io.weftmesh.proxy.routing.MeshPod;
import io.weftmesh.proxy.routing.Security;
import io.weftmesh.proxy.routing.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Says whether the pods behind endpoints admit a connection or request, and by which rule. It is
 * decided where the pod is: what is said of another node's pod is what that node decides if it
 * knows the same objects.
 */
final class Access {
  private static final String SUBJECT = "access";

  private final Question question;
  private final Snapshot snapshot;
  private final Peers peers;
  private final boolean isInMesh;
  private final InboundCaller caller;

  Access(Question question, Snapshot snapshot, Peers peers, String trustDomain) {
    this.question = question;
    this.snapshot = snapshot;
    this.peers = peers;
    MeshPod from = snapshot.meshPod(question.namespace(), question.pod());
    this.isInMesh = from != null;
    this.caller =
        from == null
            ? InboundCaller.plain(false)
            : InboundCaller.identified(
                SpiffeId.workload(
                    trustDomain, from.workload().namespace(), from.workload().serviceAccount()),
                Security.MTLS);
  }

  /** What becomes of it, the best first. */
  enum Verdict {
    ADMITTED,
    /** It gets an answer all the same. */
    REQUEST_DENIED,
    CONNECTION_DENIED
  }

  /**
   * What a caller sees who is admitted by none: an answer, where the pod's node looks at requests
   * or the caller's own knows what to answer; else a reset.
   *
   * @param head as given to {@link #decide}
   */
  boolean answersInWords(Verdict verdict, @Nullable RequestHead head) {
    return verdict == Verdict.REQUEST_DENIED || (head != null && isInMesh);
  }

  /**
   * Tells of each kind of pod among the endpoints, as a step.
   *
   * @param head the request as it arrives there; null for what is not understood as requests
   * @return the best that can come of it: who is not admitted by one is tried on another
   */
  Verdict decide(List<Endpoint> endpoints, @Nullable RequestHead head, List<Step> steps) {
    Map<Site, List<Endpoint>> sites = new LinkedHashMap<>();
    for (Endpoint endpoint : endpoints) {
      sites.computeIfAbsent(site(endpoint), site -> new ArrayList<>()).add(endpoint);
    }
    Verdict best = Verdict.CONNECTION_DENIED;
    for (Map.Entry<Site, List<Endpoint>> entry : sites.entrySet()) {
      Site site = entry.getKey();
      String where =
          entry.getValue().stream()
              .map(endpoint -> Endpoints.text(endpoint.address()))
              .collect(Collectors.joining(", "));
      InboundPolicy policy = site.policy;
      Verdict verdict = Verdict.ADMITTED;
      if (policy == null) {
        steps.add(Step.of(SUBJECT, where + " " + site.kind.text + ": no policy is asked"));
      } else {
        Told told = tell(policy, site.port, head);
        steps.add(
            new Step(
                SUBJECT, where + " " + site.kind.text + ": " + told.text, details(site, told)));
        verdict = told.verdict;
      }
      best = verdict.compareTo(best) < 0 ? verdict : best;
    }
    return best;
  }

  private enum Kind {
    HERE("of this node, decided in this process"),
    FAR("of another node, which decides by the same objects"),
    BY_NAMESPACE("of another node, which decides; its labels are not known here"),
    NO_MESH("not in the mesh");

    private final String text;

    Kind(String text) {
      this.text = text;
    }
  }

  /** Endpoints that decide alike. */
  private record Site(Kind kind, String namespace, @Nullable InboundPolicy policy, int port) {}

  private record Told(Verdict verdict, String text, InboundPolicy policy, AccessWork work) {}

  private Site site(Endpoint endpoint) {
    int port = endpoint.address().getPort();
    PodDestination pod =
        snapshot.destination(endpoint.address().getAddress(), port) instanceof PodDestination at
            ? at
            : null;
    String uid = endpoint.podUid() != null ? endpoint.podUid() : pod == null ? null : pod.uid();
    MeshPod known = uid == null ? null : snapshot.meshPod(uid);
    if (uid != null && known != null) {
      Kind kind = snapshot.localPod(uid) != null ? Kind.HERE : Kind.FAR;
      return new Site(kind, known.workload().namespace(), known.inbound(), port);
    }
    // As for the connection itself: this node may watch its own pods alone, the ca tells of the
    // rest.
    if (pod == null || pod.isFirstHand() || peers.isOutside(endpoint.address().getAddress())) {
      return new Site(Kind.NO_MESH, "", null, port);
    }
    boolean strict = snapshot.modeTowards(pod.namespace(), port) == InboundMode.STRICT;
    InboundSecurity security =
        strict
            ? new InboundSecurity(
                InboundMode.STRICT, Map.of(), InboundSecurity.DEFAULT.withoutIdentity())
            : InboundSecurity.DEFAULT;
    return new Site(
        Kind.BY_NAMESPACE,
        pod.namespace(),
        new InboundPolicy(security, snapshot.access().ofAll(pod.namespace()), List.of()),
        port);
  }

  private Told tell(InboundPolicy policy, int port, @Nullable RequestHead head) {
    return switch (policy.decide(caller, port)) {
      case InboundDecision.Refuse(String reason) ->
          new Told(Verdict.CONNECTION_DENIED, "DENIED, " + reason, policy, AccessWork.CONNECTION);
      case InboundDecision.Deny(String rule) ->
          new Told(Verdict.CONNECTION_DENIED, "DENIED, " + by(rule), policy, AccessWork.CONNECTION);
      case InboundDecision.AdmitAsProbe probe -> admitted(policy, port, head);
      case InboundDecision.Admit admit -> admitted(policy, port, head);
    };
  }

  private Told admitted(InboundPolicy policy, int port, @Nullable RequestHead head) {
    AccessWork work =
        head != null && policy.looksAtRequests(caller, port)
            ? new AccessWork.Request(head)
            : AccessWork.BYTES;
    return switch (policy.decide(caller, port, work)) {
      case AccessDecision.Allow allow ->
          new Told(Verdict.ADMITTED, "admitted" + why(policy.access(), port, work), policy, work);
      case AccessDecision.DryRunDeny(String rule) ->
          new Told(
              Verdict.ADMITTED,
              "admitted, and would be denied but for the dry run, " + by(rule),
              policy,
              work);
      case AccessDecision.Deny(String rule) ->
          new Told(
              work instanceof AccessWork.Request
                  ? Verdict.REQUEST_DENIED
                  : Verdict.CONNECTION_DENIED,
              "DENIED, " + by(rule),
              policy,
              work);
    };
  }

  private static String by(String rule) {
    return rule.startsWith("AccessPolicy") ? "by " + rule : rule;
  }

  private String why(WorkloadAccess access, int port, AccessWork work) {
    if (access.equals(WorkloadAccess.OPEN)) {
      return ", no AccessPolicy selects it";
    }
    return access.allowing().stream()
        .filter(rule -> rule.unmet(caller.identity(), port, work) == null)
        .findFirst()
        .map(rule -> " by " + rule.name())
        .orElse(", no rule denies it and none is needed to allow it");
  }

  /** Every rule that selects the pod, in the order in which they are asked. */
  private List<String> details(Site site, Told told) {
    List<String> lines = new ArrayList<>();
    AccessCaller identity = caller.identity();
    lines.add(
        identity != null
            ? "the caller is " + identity.identity()
            : "the caller has no identity: "
                + question.namespace()
                + "/"
                + question.pod()
                + " is not known here as a pod of the mesh");
    WorkloadAccess access = told.policy.access();
    for (List<AccessRule> rules :
        List.of(access.denying(), access.allowing(), access.dryDenying(), access.dryAllowing())) {
      for (AccessRule rule : rules) {
        String unmet = rule.unmet(identity, site.port, told.work);
        lines.add(
            (rule.dryRun() ? "dry run: " : "")
                + (unmet == null ? "met: " : "not ")
                + rule.name()
                + (rule.allow() ? ", Allow" : ", Deny")
                + (unmet == null ? "" : ": " + unmet));
      }
    }
    if (site.kind == Kind.BY_NAMESPACE) {
      for (AccessRule rule : snapshot.access().ofSome(site.namespace)) {
        lines.add("perhaps " + rule.name() + ": it selects pods with " + rule.selector());
      }
    }
    return lines;
  }
}
