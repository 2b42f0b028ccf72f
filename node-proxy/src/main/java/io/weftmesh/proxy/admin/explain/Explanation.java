package io.weftmesh.proxy.admin.explain;

import java.util.List;
import java.util.Locale;

/** The answer to a {@link Question}: every step of the decision in order, and what comes of it. */
public record Explanation(Question question, List<Step> steps, Outcome outcome) {
  public Explanation {
    steps = List.copyOf(steps);
  }

  /** For programs, see {@link ExplanationJson}. */
  public String toJson() {
    return ExplanationJson.write(this);
  }

  /** For people, in lines of text. */
  public String toText() {
    StringBuilder text = new StringBuilder().append(question).append("\n\n");
    int number = 1;
    for (Step step : steps) {
      text.append(number++).append(". ").append(step.subject()).append(": ");
      text.append(step.decision()).append('\n');
      for (String detail : step.details()) {
        text.append("     ").append(detail).append('\n');
      }
    }
    return text.append("\n=> ").append(outcomeText()).append('\n').toString();
  }

  private String outcomeText() {
    return switch (outcome) {
      case Outcome.Answered reset when reset.status() == 0 ->
          "the connection is reset: " + reset.error().orElse("");
      case Outcome.Answered answered ->
          "the proxy answers "
              + answered.status()
              + answered.error().map(error -> ", x-weft-error: " + error).orElse("")
              + (answered.headers().isEmpty() ? "" : ", " + answered.headers());
      case Outcome.Forwarded forwarded -> forwardedText(forwarded);
    };
  }

  private static String forwardedText(Outcome.Forwarded forwarded) {
    StringBuilder text = new StringBuilder("it goes on");
    forwarded.target().ifPresent(target -> text.append(" as ").append(target));
    text.append(" to");
    for (Outcome.Share share : forwarded.shares()) {
      text.append("\n   ")
          .append(String.format(Locale.ROOT, "%5.1f %% ", share.percent()))
          .append(share.backend())
          .append(
              share
                  .error()
                  .map(error -> ", answered by the proxy: " + error)
                  .orElseGet(() -> " at " + String.join(", ", share.endpoints())));
    }
    return text.toString();
  }
}
