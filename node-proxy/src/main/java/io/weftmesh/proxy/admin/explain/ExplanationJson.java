package io.weftmesh.proxy.admin.explain;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * Writes an {@link Explanation} for programs:
 *
 * <pre>
 * {"from": "shop/client", "method": "GET", "to": "http://echo/", "headers": {…},
 *  "steps": [{"subject": "address", "decision": "…", "details": ["…"]}],
 *  "outcome": {"answered": {"status": 404, "error": "no_route", "headers": {}}}}
 * </pre>
 *
 * <p>or {@code "outcome": {"forwarded": {"target": "/", "backends": [{"backend": "shop/echo:80",
 * "percent": 100.0, "endpoints": ["10.0.0.1:8080"]}]}}}.
 */
final class ExplanationJson {
  private static final JsonFactory FACTORY = new JsonFactory();

  private ExplanationJson() {}

  static String write(Explanation explanation) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(text)) {
      json.useDefaultPrettyPrinter();
      json.writeStartObject();
      question(json, explanation.question());
      json.writeArrayFieldStart("steps");
      for (Step step : explanation.steps()) {
        json.writeStartObject();
        json.writeStringField("subject", step.subject());
        json.writeStringField("decision", step.decision());
        texts(json, "details", step.details());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeObjectFieldStart("outcome");
      switch (explanation.outcome()) {
        case Outcome.Answered answered -> answered(json, answered);
        case Outcome.Forwarded forwarded -> forwarded(json, forwarded);
      }
      json.writeEndObject();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.append('\n').toString();
  }

  private static void question(JsonGenerator json, Question question) throws IOException {
    json.writeStringField("from", question.namespace() + "/" + question.pod());
    json.writeStringField("method", question.method());
    json.writeStringField("to", question.target().toString());
    json.writeObjectFieldStart("headers");
    for (var header : question.headers().entrySet()) {
      json.writeStringField(header.getKey(), header.getValue());
    }
    json.writeEndObject();
  }

  private static void answered(JsonGenerator json, Outcome.Answered answered) throws IOException {
    json.writeObjectFieldStart("answered");
    json.writeNumberField("status", answered.status());
    if (answered.error().isPresent()) {
      json.writeStringField("error", answered.error().get());
    }
    json.writeObjectFieldStart("headers");
    for (var header : answered.headers().entrySet()) {
      json.writeStringField(header.getKey(), header.getValue());
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  private static void forwarded(JsonGenerator json, Outcome.Forwarded forwarded)
      throws IOException {
    json.writeObjectFieldStart("forwarded");
    if (forwarded.target().isPresent()) {
      json.writeStringField("target", forwarded.target().get());
    }
    json.writeArrayFieldStart("backends");
    for (Outcome.Share share : forwarded.shares()) {
      json.writeStartObject();
      json.writeStringField("backend", share.backend());
      json.writeNumberField("percent", share.percent());
      if (share.error().isPresent()) {
        json.writeStringField("error", share.error().get());
      }
      texts(json, "endpoints", share.endpoints());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void texts(JsonGenerator json, String name, List<String> texts)
      throws IOException {
    json.writeArrayFieldStart(name);
    for (String text : texts) {
      json.writeString(text);
    }
    json.writeEndArray();
  }
}
