package io.weftmesh.lab.mesh;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The metrics of a process at one moment. */
public final class Scrape {
  private final List<Sample> samples;

  private Scrape(List<Sample> samples) {
    this.samples = samples;
  }

  /** One line of the Prometheus text format. */
  public record Sample(String name, Map<String, String> labels, double value) {}

  /** Reads the Prometheus text format, version 0.0.4. */
  public static Scrape parse(String text) {
    List<Sample> samples = new ArrayList<>();
    text.lines()
        .filter(line -> !line.isBlank() && !line.startsWith("#"))
        .forEach(line -> samples.add(parseLine(line)));
    return new Scrape(samples);
  }

  public List<Sample> samples() {
    return samples;
  }

  /**
   * The sum over the series of this name that have all of these labels.
   *
   * @param labels name, value, name, value and so on
   */
  public double sum(String name, String... labels) {
    return samples.stream()
        .filter(sample -> sample.name().equals(name) && has(sample, labels))
        .mapToDouble(Sample::value)
        .sum();
  }

  /** The series of this name that have all of these labels. */
  public List<Sample> series(String name, String... labels) {
    return samples.stream()
        .filter(sample -> sample.name().equals(name) && has(sample, labels))
        .toList();
  }

  private static boolean has(Sample sample, String... labels) {
    for (int i = 0; i < labels.length; i += 2) {
      if (!labels[i + 1].equals(sample.labels().get(labels[i]))) {
        return false;
      }
    }
    return true;
  }

  private static Sample parseLine(String line) {
    int open = line.indexOf('{');
    int valueAt = open < 0 ? line.indexOf(' ') : line.lastIndexOf('}') + 1;
    String name = line.substring(0, open < 0 ? valueAt : open);
    Map<String, String> labels =
        open < 0 ? Map.of() : parseLabels(line.substring(open + 1, valueAt - 1));
    String value = line.substring(valueAt).strip().split(" ", 2)[0];
    return new Sample(name, labels, number(value));
  }

  private static Map<String, String> parseLabels(String text) {
    Map<String, String> labels = new HashMap<>();
    int at = 0;
    while (at < text.length()) {
      int equals = text.indexOf('=', at);
      if (equals < 0) {
        break;
      }
      String name = text.substring(at, equals);
      StringBuilder value = new StringBuilder();
      int i = equals + 2;
      for (; text.charAt(i) != '"'; i++) {
        if (text.charAt(i) == '\\') {
          i++;
          value.append(text.charAt(i) == 'n' ? '\n' : text.charAt(i));
        } else {
          value.append(text.charAt(i));
        }
      }
      labels.put(name, value.toString());
      at = i + 2; // The quote and the comma.
    }
    return labels;
  }

  private static double number(String text) {
    return switch (text) {
      case "+Inf" -> Double.POSITIVE_INFINITY;
      case "-Inf" -> Double.NEGATIVE_INFINITY;
      default -> Double.parseDouble(text);
    };
  }
}
