package io.weftmesh.lab.figures;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.Load;
import io.weftmesh.lab.client.LoadReport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Sends requests out of a pod, at a rate, on kept connections. */
sealed interface Driver {

  /** Runs for a while. */
  Sample run(int perSecond, Duration length);

  /**
   * What came of it.
   *
   * @param failed requests without a good answer
   */
  record Sample(int requests, int failed, Duration p50, Duration p99) {}

  /** HTTP/1.1, by the lab's own client. */
  record Http1(Pod client, String address, int port, String target) implements Driver {
    @Override
    public Sample run(int perSecond, Duration length) {
      LoadReport report =
          Load.run(
              Load.Settings.keptAlive(client.namespace(), address, port, perSecond)
                  .target(target)
                  .count((int) (perSecond * length.toSeconds())));
      return new Sample(
          report.outcomes().size(),
          report.failures().size(),
          report.quantile(0.5),
          report.quantile(0.99));
    }
  }

  /** Another, while somebody reads the proxy's metrics each second. */
  record Scraped(Driver driver, Runnable scrape) implements Driver {
    @Override
    public Sample run(int perSecond, Duration length) {
      try (var scraper = Executors.newSingleThreadScheduledExecutor()) {
        var each = scraper.scheduleAtFixedRate(scrape, 0, 1, TimeUnit.SECONDS);
        try {
          return driver.run(perSecond, length);
        } finally {
          each.cancel(false);
        }
      }
    }
  }

  /**
   * HTTP/2 with prior knowledge, by {@code h2load}: ten connections.
   *
   * @param log where it writes down each request
   * @param more options
   */
  record Http2(Pod client, String url, Path log, List<String> more) implements Driver {
    private static final int CONNECTIONS = 10;

    @Override
    public Sample run(int perSecond, Duration length) {
      Stream<String> command =
          Stream.of(
              "h2load",
              "--no-tls-proto=h2c",
              "--clients=" + CONNECTIONS,
              "--max-concurrent-streams=10",
              "--rps=" + perSecond / CONNECTIONS,
              "--duration=" + length.toSeconds(),
              "--log-file=" + log);
      try {
        Files.deleteIfExists(log);
        client
            .namespace()
            .command(
                Stream.concat(Stream.concat(command, more.stream()), Stream.of(url))
                    .toArray(String[]::new))
            .run();
        return read(Files.readAllLines(log));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** A line for each request: when it began, its status, how long it took in microseconds. */
    private Sample read(List<String> lines) {
      List<String[]> requests = lines.stream().map(line -> line.split("\t", -1)).toList();
      if (requests.isEmpty()) {
        throw new IllegalStateException(fill("h2load has sent nothing to %s", url));
      }
      List<Long> micros =
          requests.stream().map(request -> Long.parseLong(request[2])).sorted().toList();
      int failed = (int) requests.stream().filter(request -> !request[1].equals("200")).count();
      return new Sample(requests.size(), failed, quantile(micros, 0.5), quantile(micros, 0.99));
    }

    private static Duration quantile(List<Long> micros, double part) {
      return Duration.ofNanos(
          1_000 * micros.get(Math.min(micros.size() - 1, (int) (part * micros.size()))));
    }
  }
}
