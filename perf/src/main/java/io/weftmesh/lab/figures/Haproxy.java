package io.weftmesh.lab.figures;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.HttpConnection;
import io.weftmesh.lab.cluster.PodTemplate;
import io.weftmesh.lab.host.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The peer, in a pod of its own outside the mesh. */
final class Haproxy {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  /** As many threads as a node proxy has loops here, and heads as large as it takes. */
  private static final String SETTINGS =
      """
      global
        nbthread 2
        tune.bufsize 65536
      defaults
        mode http
        timeout connect 5s
        timeout client 60s
        timeout server 60s
      """;

  private Haproxy() {}

  /**
   * Starts it on the first node, and returns when it answers there.
   *
   * @param place of its pod
   * @param client a pod that can reach it
   * @param port where it speaks HTTP/1.1
   * @param settings what it is to do, in its own words
   */
  static void start(Lab lab, String place, Pod client, int port, String settings) {
    Path file = lab.folder().path().resolve(place.replace('/', '-') + ".cfg");
    try {
      Files.writeString(file, SETTINGS + settings);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    lab.apply(
        PodTemplate.named(place)
            .on(lab.nodes().getFirst())
            .serviceAccount("haproxy")
            .program("haproxy", List.of("haproxy", "-db", "-f", file.toString()))
            .build());
    String address = lab.pod(place).address();
    Wait.until(() -> answers(client, address, port), fill("HAProxy to answer at %d", port));
  }

  private static boolean answers(Pod client, String address, int port) {
    try {
      return HttpConnection.getOnce(client.namespace(), address, port, "/", TIMEOUT).status()
          == 200;
    } catch (IOException e) {
      return false;
    }
  }
}
