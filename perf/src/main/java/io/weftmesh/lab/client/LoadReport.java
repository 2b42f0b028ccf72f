package io.weftmesh.lab.client;

import static io.weftmesh.lab.host.Template.fill;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Every request of a load, in the order in which they ended. */
public record LoadReport(List<Outcome> outcomes) {
  public LoadReport {
    outcomes = List.copyOf(outcomes);
  }

  /** What did not end in a 200. */
  public List<Outcome> failures() {
    return outcomes.stream().filter(outcome -> outcome.kind() != Outcome.Kind.OK).toList();
  }

  /** How many requests each pod answered with 200. */
  public Map<String, Long> byPod() {
    return byPod(outcome -> outcome.kind() == Outcome.Kind.OK);
  }

  /** How many requests each pod answered, with whatever status. */
  public Map<String, Long> answeredByPod() {
    return byPod(outcome -> !outcome.pod().isEmpty());
  }

  private Map<String, Long> byPod(Predicate<Outcome> which) {
    return outcomes.stream()
        .filter(which)
        .collect(Collectors.groupingBy(Outcome::pod, TreeMap::new, Collectors.counting()));
  }

  /** The part of the requests that ended in a 200, in percent. */
  public double percentGood() {
    return outcomes.isEmpty() ? 0 : 100.0 * (outcomes.size() - failures().size()) / outcomes.size();
  }

  /** The requests that were begun in this part of the load. */
  public LoadReport between(Duration from, Duration to) {
    return new LoadReport(
        outcomes.stream()
            .filter(outcome -> outcome.at().compareTo(from) >= 0 && outcome.at().compareTo(to) < 0)
            .toList());
  }

  /**
   * How long the slowest of the fastest part took.
   *
   * @param part such as 0.99
   */
  public Duration quantile(double part) {
    List<Duration> sorted = outcomes.stream().map(Outcome::took).sorted().toList();
    return sorted.isEmpty()
        ? Duration.ZERO
        : sorted.get((int) Math.min(sorted.size() - 1L, (long) (part * sorted.size())));
  }

  @Override
  public String toString() {
    List<Outcome> failures = failures();
    return fill(
        "%d requests, %d failed%s; p50 %d µs, p99 %d µs",
        outcomes.size(),
        failures.size(),
        failures.isEmpty() ? "" : " " + failures.subList(0, Math.min(20, failures.size())),
        quantile(0.5).toNanos() / 1000,
        quantile(0.99).toNanos() / 1000);
  }
}
