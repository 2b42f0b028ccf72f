package io.weftmesh.lab;

import static io.weftmesh.lab.host.Template.fill;
import static java.nio.charset.StandardCharsets.US_ASCII;

import io.weftmesh.lab.host.Command;
import io.weftmesh.lab.host.LabProcess;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.network.Underlay;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Records every packet between the nodes, as somebody on the network would. */
public final class WireTap implements AutoCloseable {
  private static final String NAME = "wire-tap";

  private final LabProcess tcpdump;
  private final Path file;

  private WireTap(LabProcess tcpdump, Path file) {
    this.tcpdump = tcpdump;
    this.file = file;
  }

  /** Returns when packets are being recorded. */
  public static WireTap start(Lab lab) {
    Path file = lab.folder().path().resolve(NAME + ".pcap");
    List<String> command =
        List.of(
            "tcpdump",
            "--interface=" + Underlay.BRIDGE,
            "--snapshot-length=0",
            "--buffer-size=65536",
            "--packet-buffered",
            // Else the kernel gathers packets for a second, and what it holds at the end is lost.
            "--immediate-mode",
            "--relinquish-privileges=root",
            "-w",
            file.toString());
    LabProcess tcpdump =
        lab.launch().start(NAME, lab.underlay().namespace().entering(command), Map.of());
    Wait.until(() -> tcpdump.logTail(10_000).contains("listening on"), "tcpdump to listen");
    return new WireTap(tcpdump, file);
  }

  /** Ends the recording. */
  public Recording stop() {
    tcpdump.terminate();
    if (!tcpdump.awaitEnd(Duration.ofSeconds(10))) {
      throw new IllegalStateException("tcpdump did not end: " + tcpdump.logTail(1_000));
    }
    String log = tcpdump.logTail(10_000);
    if (!log.contains("0 packets dropped by kernel")) {
      throw new IllegalStateException("the recording is not whole: " + log);
    }
    return new Recording(file);
  }

  @Override
  public void close() throws IOException {
    tcpdump.kill();
    tcpdump.forget();
    Files.deleteIfExists(tcpdump.log());
    Files.deleteIfExists(file);
  }

  /** What was recorded; gone with its tap. */
  public record Recording(Path file) {
    public long bytes() throws IOException {
      return Files.size(file);
    }

    /** How many packets were recorded. */
    public long packets() {
      return Command.of("tcpdump", "-nn", "-t", "-q", "-r", file.toString()).run().lines().count();
    }

    /** How often {@code text} stands in the packets. One that two packets share is not counted. */
    public long occurrences(String text) throws IOException {
      byte[] wanted = text.getBytes(US_ASCII);
      if (wanted.length == 0 || text.lastIndexOf(text.charAt(0)) != 0) {
        throw new IllegalArgumentException(
            fill("the first character of '%s' must not come again", text));
      }
      long found = 0;
      int matched = 0;
      try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 20)) {
        for (int next = in.read(); next >= 0; next = in.read()) {
          // Since the first character comes once, a mismatch can only begin a new match.
          matched = next == wanted[matched] ? matched + 1 : next == wanted[0] ? 1 : 0;
          if (matched == wanted.length) {
            found++;
            matched = 0;
          }
        }
      }
      return found;
    }
  }
}
