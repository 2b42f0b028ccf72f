package io.weftmesh.proxy.balance;

import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.LoadBalancing;
import io.weftmesh.policy.model.OutlierEjection;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.function.Supplier;

/**
 * Minutes of traffic in no time: requests come at their rate, whether answers do or not, from
 * clients that wait for a second. Everything random comes from one seed.
 */
final class Simulation {
  private static final long CLIENT_TIMEOUT_NANOS = 1_000_000_000L;

  final ManualTicker ticker = new ManualTicker();
  final Balancer balancer = new Balancer(ticker, new Random(7));
  private final PriorityQueue<Answer> answers =
      new PriorityQueue<>((one, other) -> Long.compare(one.atNanos, other.atNanos));

  private Supplier<Sticky> stickiness = () -> Sticky.NONE;

  Simulation(LoadBalancing how, Optional<OutlierEjection> ejection) {
    BackendSettings unsaid = BackendSettings.DEFAULT;
    balancer.use(
        new BackendSettings(
            unsaid.connectTimeout(),
            unsaid.idleTimeout(),
            how,
            ejection,
            unsaid.limits(),
            unsaid.clientLimits()));
  }

  Simulation(LoadBalancing.Algorithm algorithm) {
    this(new LoadBalancing(algorithm, Duration.ZERO), Optional.empty());
  }

  /** Each request has a key. */
  Simulation sticky(Supplier<Sticky> keys) {
    stickiness = keys;
    return this;
  }

  /** How an endpoint answers. */
  @FunctionalInterface
  interface Application {
    Reply serve(Endpoint endpoint);
  }

  record Reply(Duration took, boolean good) {}

  private record Answer(long atNanos, Pick pick, Reply reply) {}

  /** What came of a stretch of traffic. */
  static final class Outcome {
    final Map<Endpoint, Integer> shares = new HashMap<>();
    int sent;
    int good;

    int share(Endpoint endpoint) {
      return shares.getOrDefault(endpoint, 0);
    }

    double percentGood() {
      return 100.0 * good / sent;
    }

    Outcome plus(Outcome other) {
      other.shares.forEach((endpoint, count) -> shares.merge(endpoint, count, Integer::sum));
      sent += other.sent;
      good += other.good;
      return this;
    }
  }

  /** Runs for so long; what is under way at the end is answered in the next run. */
  Outcome run(EndpointSet set, Duration length, int perSecond, Application application) {
    var outcome = new Outcome();
    long end = ticker.getAsLong() + length.toNanos();
    long step = 1_000_000_000L / perSecond;
    for (long at = ticker.getAsLong(); at < end; at += step) {
      answerUntil(at, outcome);
      Pick pick = balancer.pick(set, null, stickiness.get());
      outcome.sent++;
      outcome.shares.merge(pick.endpoint(), 1, Integer::sum);
      Reply reply = application.serve(pick.endpoint());
      long waits = Math.min(reply.took().toNanos(), CLIENT_TIMEOUT_NANOS);
      answers.add(new Answer(at + waits, pick, reply));
    }
    answerUntil(end, outcome);
    return outcome;
  }

  private void answerUntil(long nanos, Outcome outcome) {
    while (!answers.isEmpty() && answers.peek().atNanos <= nanos) {
      Answer answer = answers.poll();
      advanceTo(answer.atNanos);
      Reply reply = answer.reply;
      if (reply.took().toNanos() <= CLIENT_TIMEOUT_NANOS) {
        if (reply.good()) {
          answer.pick.answered();
          outcome.good++;
        } else {
          answer.pick.failed();
        }
      }
      // Otherwise the client has left.
      answer.pick.close();
    }
    advanceTo(nanos);
  }

  private void advanceTo(long nanos) {
    ticker.advance(Duration.ofNanos(nanos - ticker.getAsLong()));
  }
}
