package io.weftmesh.proxy.admin;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weftmesh.proxy.admin.explain.Explanation;
import io.weftmesh.proxy.admin.explain.Explanations;
import io.weftmesh.proxy.admin.explain.Question;
import java.net.URLDecoder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /explain?from=shop/client&to=http://echo:80/v2&header=version:two}: as text, or with
 * {@code format=json} for programs.
 */
final class ExplainEndpoint {
  static final String PATH = "/explain";

  private static final String TEXT = "text/plain; charset=utf-8";
  private static final String JSON = "application/json";
  private static final String USAGE =
      "try /explain?from=shop/client&to=http://echo:80/v2&header=version:two"
          + " with method= and format=json or text besides\n";

  private ExplainEndpoint() {}

  /** What is answered. */
  record Answer(int status, String type, String text) {}

  /**
   * Answers a question.
   *
   * @param query of the request, encoded; null if there is none
   */
  static Answer answer(Explanations explanations, @Nullable String query) {
    try {
      Map<String, List<String>> parameters = parameters(query == null ? "" : query);
      String format = parameters.getOrDefault("format", List.of("text")).getFirst();
      if (!format.equals("text") && !format.equals("json")) {
        throw new IllegalArgumentException("format is \"" + format + "\", expected text or json");
      }
      Explanation explanation = explanations.explain(Question.of(parameters));
      return format.equals("json")
          ? new Answer(200, JSON, explanation.toJson())
          : new Answer(200, TEXT, explanation.toText());
    } catch (IllegalArgumentException wrong) {
      return new Answer(400, TEXT, wrong.getMessage() + "\n" + USAGE);
    }
  }

  private static Map<String, List<String>> parameters(String query) {
    Map<String, List<String>> parameters = new LinkedHashMap<>();
    for (String pair : query.split("&", -1)) {
      if (pair.isEmpty()) {
        continue;
      }
      int equals = pair.indexOf('=');
      String name = equals < 0 ? pair : pair.substring(0, equals);
      String value = equals < 0 ? "" : pair.substring(equals + 1);
      parameters
          .computeIfAbsent(URLDecoder.decode(name, UTF_8), n -> new ArrayList<>())
          .add(URLDecoder.decode(value, UTF_8));
    }
    return parameters;
  }
}
