package io.weftmesh.proxy.http;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How the tables of hostile messages are written, so that they can be read. */
final class HostileText {
  /** A whole request, which is 35 bytes long. */
  static final String SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

  private static final Pattern REPEATED = Pattern.compile("\\{([^{}]+)\\*(\\d+)}");
  private static final Pattern ANSWER =
      Pattern.compile("HTTP/1\\.1 (\\d{3})[^\r]*\r\n(?:x-weft-error: (\\w+)\r\n)?");

  private HostileText() {}

  /** The bytes that a cell of a table stands for, as Latin-1. */
  static String bytes(String cell) {
    String text =
        cell.translateEscapes()
            .replace("{get}", "GET /sent HTTP/1.1\r\nHost: a\r\n")
            .replace("{post}", "POST /sent HTTP/1.1\r\nHost: a\r\n")
            .replace("{smuggled}", SMUGGLED);
    return REPEATED
        .matcher(text)
        .replaceAll(match ->
            Matcher.quoteReplacement(match.group(1).repeat(Integer.parseInt(match.group(2)))));
  }

  /** The members of a list in a cell; an absent cell and a dash are the empty list. */
  static List<String> list(String cell) {
    return cell == null || cell.equals("-") ? List.of() : List.of(cell.split(", ", -1));
  }

  /** Of each answer the status, and of the proxy's own {@code x-weft-error} as well. */
  static List<String> answers(String bytes) {
    List<String> answers = new ArrayList<>();
    Matcher found = ANSWER.matcher(bytes);
    while (found.find()) {
      answers.add(found.group(2) == null ? found.group(1) : found.group(1) + " " + found.group(2));
    }
    return answers;
  }

  static void sendInPieces(Wire wire, String text, int pieceBytes) {
    for (int at = 0; at < text.length() && wire.isActive(); at += pieceBytes) {
      wire.sends(text.substring(at, Math.min(text.length(), at + pieceBytes)));
    }
  }
}
