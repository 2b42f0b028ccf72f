package io.weftmesh.proxy.main;

import io.weftmesh.proxy.admin.explain.Explanation;
import io.weftmesh.proxy.admin.explain.Explanations;
import io.weftmesh.proxy.admin.explain.Question;
import io.weftmesh.proxy.cluster.FolderSnapshot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Explains a request by a folder of manifests, with nothing running. */
@Command(
    name = "explain",
    description = {
      "Says where a request would go by a folder of Kubernetes YAML, and why.",
      "A running proxy answers the same, with what it knows of its endpoints, on GET /explain of"
          + " its metrics address."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli sets what is required before anything is read.
final class ExplainCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(names = "--manifests", required = true, description = "The folder.")
  private Path manifests;

  @Option(
      names = "--node",
      defaultValue = "",
      description = "Whose view it is, for endpoints that are hinted for nodes.")
  private String node;

  @Option(
      names = "--trust-domain",
      defaultValue = "cluster.local",
      description = "Of the identities that pods have. Default: ${DEFAULT-VALUE}.")
  private String trustDomain;

  @Option(names = "--from", required = true, description = "The client: namespace/pod.")
  private String from;

  @Option(
      names = "--to",
      required = true,
      description = "Where to: http://service.namespace:port/path?query, https:// or tcp://.")
  private String to;

  @Option(names = "--method", defaultValue = "GET", description = "The method of the request.")
  private String method;

  @Option(names = "--header", description = "name:value; may be given several times.")
  private List<String> headers = List.of();

  @Option(names = "--json", description = "For programs.")
  private boolean json;

  /**
   * Prints the explanation, and before it, as errors, what is wrong with the manifests.
   *
   * @throws IllegalArgumentException naming what is wrong with the question
   */
  @Override
  public Integer call() throws IOException {
    Map<String, List<String>> parameters = new HashMap<>();
    parameters.put("from", List.of(from));
    parameters.put("to", List.of(to));
    parameters.put("method", List.of(method));
    if (!headers.isEmpty()) {
      parameters.put("header", headers);
    }
    Question question = Question.of(parameters);
    FolderSnapshot read = FolderSnapshot.read(manifests, node);
    read.problems().forEach(spec.commandLine().getErr()::println);
    Explanation explanation =
        new Explanations(
                read::snapshot,
                trustDomain,
                endpoint -> "in the mesh or not: only a running proxy knows",
                read.labels(),
                (backend, endpoints) -> List.of())
            .explain(question);
    spec.commandLine().getOut().print(json ? explanation.toJson() : explanation.toText());
    spec.commandLine().getOut().flush();
    return 0;
  }
}
