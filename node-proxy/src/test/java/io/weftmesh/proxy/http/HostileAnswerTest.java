package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

/**
 * What an endpoint sends over HTTP/1 so that a client, this one or the next, takes for an answer
 * what is none: splitting, desynchronised connections, bodies where there can't be any.
 */
class HostileAnswerTest {
  private final Mesh mesh = new Mesh();

  @AfterEach
  void everythingWasGivenBack() {
    mesh.close();
  }

  @ParameterizedTest(name = "{0}")
  @CsvFileSource(resources = "hostile-answers.txt", delimiter = '|')
  void theClientGetsOneAnswerAndTheNextIsItsOwn(
      String name, String method, String sent, String answers, String connection) {
    for (int pieceBytes : new int[] {1, 7, 100_000}) {
      if (pieceBytes == 1 && sent.contains("000}")) {
        continue; // Bombs are cut off at a size, whatever the pieces.
      }
      Wire client = mesh.client();
      client.sends(method + " /a HTTP/1.1\r\nHost: a\r\n\r\n");
      Wire server = mesh.opened();
      server.got();
      HostileText.sendInPieces(server, HostileText.bytes(sent), pieceBytes);
      mesh.turn();

      String got = client.got();
      boolean brokenOff = answers.equals("broken off");
      if (brokenOff) {
        // A reset may overtake what has not left yet.
        assertThat(HostileText.answers(got)).isSubsetOf("200");
        assertThat(got).doesNotEndWith("0\r\n\r\n");
      } else {
        assertThat(HostileText.answers(got))
            .describedAs("answers, in pieces of %d", pieceBytes)
            .isEqualTo(HostileText.list(answers));
      }
      assertThat(got).doesNotContain("EVIL");
      assertThat(client.isActive()).isNotEqualTo(brokenOff);
      boolean kept = connection.equals("kept");
      assertThat(server.isActive()).describedAs("the endpoint's connection").isEqualTo(kept);

      Wire next = brokenOff ? mesh.client() : client;
      next.sends("GET /b HTTP/1.1\r\nHost: a\r\n\r\n");
      Wire second = kept ? server : mesh.opened();
      assertThat(second.got()).startsWith("GET /b HTTP/1.1\r\n");
      second.sends("HTTP/1.1 203 Right\r\nContent-Length: 4\r\nConnection: close\r\n\r\ngood");
      String then = next.got();
      assertThat(HostileText.answers(then)).isEqualTo(List.of("203"));
      assertThat(then).endsWith("\r\n\r\ngood");
      next.close();
      mesh.turn();
    }
  }
}
