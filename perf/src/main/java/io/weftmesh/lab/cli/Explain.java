package io.weftmesh.lab.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.HttpMessage;
import io.weftmesh.lab.mesh.Mesh;
import java.net.URLEncoder;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "explain",
    description = "Says where a request of a pod would go now, and why: explain POD URL")
final class Explain implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "POD", description = "Who sends it: namespace/name.")
  String pod = "";

  @Parameters(
      index = "1",
      paramLabel = "URL",
      description = "http://service.namespace:port/path, https:// or tcp://.")
  String url = "";

  @Option(names = "--method", defaultValue = "GET", description = "Default: GET.")
  String method = "GET";

  @Option(names = "--header", description = "name:value; may be given several times.")
  List<String> headers = List.of();

  @Option(names = "--json", description = "For programs.")
  boolean json;

  @Override
  public Integer call() {
    Lab lab = Main.attached();
    Pod from = lab.pod(pod);
    StringBuilder query = new StringBuilder("format=").append(json ? "json" : "text");
    query.append("&from=").append(encoded(pod)).append("&to=").append(encoded(url));
    query.append("&method=").append(encoded(method));
    headers.forEach(header -> query.append("&header=").append(encoded(header)));
    HttpMessage answer = Mesh.attach(lab).explain(from.node(), query.toString());
    (answer.status() == 200 ? System.out : System.err).print(answer.body());
    return answer.status() == 200 ? 0 : 2;
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, UTF_8);
  }
}
