package io.weftmesh.lab.client;

import static io.weftmesh.lab.host.Template.fill;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/1.1 request or response as it came over the wire: nothing is normalised, since tests look
 * at what a proxy changed.
 *
 * @param body one character per byte
 */
public record HttpMessage(String startLine, List<Header> headers, String body) {
  private static final int LONGEST_LINE = 256 * 1024;

  /** A header line, its name in the case that was sent. */
  public record Header(String name, String value) {}

  /** What the end of a body without a length means. */
  public enum Body {
    OF_REQUEST,
    OF_RESPONSE,
    /** The answer to HEAD. */
    NONE
  }

  /**
   * Reads one message.
   *
   * @return null when the stream ended before the first byte
   * @throws EOFException when it ended later
   */
  public static @Nullable HttpMessage read(InputStream in, Body kind) throws IOException {
    String startLine = line(in);
    if (startLine == null) {
      return null;
    }
    List<Header> headers = new ArrayList<>();
    while (true) {
      String line = line(in);
      if (line == null) {
        throw new EOFException("the stream ended after: " + startLine);
      }
      if (line.isEmpty()) {
        break;
      }
      int colon = line.indexOf(':');
      if (colon < 0) {
        throw new IOException("no header line: " + line);
      }
      headers.add(new Header(line.substring(0, colon), line.substring(colon + 1).strip()));
    }
    HttpMessage head = new HttpMessage(startLine, List.copyOf(headers), "");
    return new HttpMessage(startLine, head.headers(), head.readBody(in, kind));
  }

  /** The first header of this name, in any case. */
  public Optional<String> header(String name) {
    return headers.stream()
        .filter(header -> header.name().equalsIgnoreCase(name))
        .map(Header::value)
        .findFirst();
  }

  /** The number of a response. */
  public int status() {
    return Integer.parseInt(startLine.split(" ", 3)[1]);
  }

  /** Whether another message may follow on the same connection. */
  public boolean keepsAlive() {
    String connection = header("Connection").orElse("").toLowerCase(Locale.ROOT);
    return startLine.contains("HTTP/1.0")
        ? connection.contains("keep-alive")
        : !connection.contains("close");
  }

  private String readBody(InputStream in, Body kind) throws IOException {
    if (kind == Body.NONE || (kind == Body.OF_RESPONSE && (status() == 204 || status() == 304))) {
      return "";
    }
    if (header("Transfer-Encoding").orElse("").toLowerCase(Locale.ROOT).contains("chunked")) {
      return readChunks(in);
    }
    Optional<String> length = header("Content-Length");
    if (length.isPresent()) {
      return new String(exactly(in, Integer.parseInt(length.get())), ISO_8859_1);
    }
    return kind == Body.OF_RESPONSE ? new String(in.readAllBytes(), ISO_8859_1) : "";
  }

  private static String readChunks(InputStream in) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      String line = line(in);
      if (line == null) {
        throw new EOFException("the stream ended between chunks");
      }
      int size = Integer.parseInt(line.split(";", 2)[0].strip(), 16);
      if (size == 0) {
        String trailer = line(in);
        while (trailer != null && !trailer.isEmpty()) {
          trailer = line(in);
        }
        return body.toString(ISO_8859_1);
      }
      body.write(exactly(in, size));
      exactly(in, 2);
    }
  }

  private static byte[] exactly(InputStream in, int length) throws IOException {
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException(fill("got %d of %d bytes", bytes.length, length));
    }
    return bytes;
  }

  private static @Nullable String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream(80);
    while (line.size() < LONGEST_LINE) {
      int next = in.read();
      if (next < 0) {
        if (line.size() == 0) {
          return null;
        }
        throw new EOFException("the stream ended within a line: " + line.toString(ISO_8859_1));
      }
      if (next == '\n') {
        String text = line.toString(ISO_8859_1);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
      }
      line.write(next);
    }
    throw new IOException("a line of more than " + LONGEST_LINE + " bytes");
  }
}
