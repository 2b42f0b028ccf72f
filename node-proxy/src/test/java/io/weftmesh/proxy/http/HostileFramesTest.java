package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

/**
 * What a client sends over HTTP/2 that breaks its rules or strains its bounds. The application gets
 * what the client asked for and not one request more, nothing is left behind, and unless the
 * connection had to end, it goes on.
 */
class HostileFramesTest {
  private static final Pattern REQUEST = Pattern.compile("^:method=(\\S+).* :path=(\\S+) ");

  private final Mesh mesh = new Mesh();
  private final FrameLog log = new FrameLog();
  private final List<Http2Peer> servers = new ArrayList<>();
  private final Map<Http2Peer.Stream, StringBuilder> reached = new LinkedHashMap<>();

  @AfterEach
  void everythingWasGivenBack() {
    log.close();
    mesh.close();
  }

  @ParameterizedTest(name = "{0}")
  @CsvFileSource(resources = "hostile-frames.txt", delimiter = '|')
  void theApplicationSeesWhatTheClientAskedFor(
      String name, String sent, @Nullable String answers, String requests) {
    Wire client = mesh.http2Wire();
    var script = new HostileScript(client);
    script.play(sent);
    serve();
    client.unblock();
    List<String> said = new ArrayList<>(log.read(client));
    boolean lastWord = said.stream().anyMatch(event -> event.startsWith("GOAWAY"));
    if (!client.isActive() && !lastWord) {
      said.add("closed");
    }

    List<String> expected = HostileText.list(answers);
    if (answers != null && answers.startsWith("..., ")) {
      assertThat(said).endsWith(expected.subList(1, expected.size()).toArray(String[]::new));
    } else {
      assertThat(said).isEqualTo(expected);
    }
    if (requests.startsWith("many ")) {
      assertThat(seen()).isNotEmpty().allMatch(requests.substring("many ".length())::startsWith);
    } else {
      assertThat(seen()).isEqualTo(HostileText.list(requests));
    }
    assertThat(client.isActive())
        .describedAs("goes on")
        .isNotEqualTo(lastWord || said.contains("closed"));
    if (client.isActive()) {
      script.play("headers 99999 end :method=GET :scheme=http :path=/next");
      serve();
      // Refused where the streams that are open are as many as may be.
      assertThat(log.read(client).getLast()).isIn("99999=200", "99999=RST REFUSED_STREAM");
    }
  }

  /** Answers what is complete. */
  private void serve() {
    mesh.turn();
    while (!mesh.dials.opened.isEmpty()) {
      servers.add(mesh.openedHttp2());
    }
    for (Http2Peer server : servers) {
      while (server.hasNext()) {
        reached.put(server.next(), new StringBuilder());
      }
    }
    reached.forEach((stream, text) -> {
      boolean wasComplete = text.indexOf("END") >= 0;
      text.append(stream.got());
      if (!wasComplete && text.indexOf("END") >= 0 && text.indexOf("RST") < 0) {
        stream.headers(true, ":status", "200");
      }
    });
    mesh.turn();
  }

  private List<String> seen() {
    List<String> requests = new ArrayList<>();
    for (StringBuilder text : reached.values()) {
      Matcher request = REQUEST.matcher(text);
      assertThat(request.find()).describedAs("a request: %s", text).isTrue();
      boolean complete = text.indexOf("END") >= 0;
      requests.add(request.group(1) + " " + request.group(2) + (complete ? "" : " unfinished"));
    }
    return requests;
  }
}
