package io.weftmesh.proxy.http.filter;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.weftmesh.policy.model.RequestHead;
import io.weftmesh.proxy.http.codec.Field;
import io.weftmesh.proxy.http.codec.Head;
import io.weftmesh.proxy.http.codec.HeadReader;
import io.weftmesh.proxy.http.codec.MalformedException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Heads from text and back. */
final class Heads {
  private Heads() {}

  static Head request(String... lines) {
    return read(HeadReader.ofRequests(60_000), lines);
  }

  static Head answer(String... lines) {
    return read(HeadReader.ofResponses(60_000), lines);
  }

  /** The fields as they would be sent, a line each. */
  static String fields(Head head) {
    ByteBuf out = Unpooled.buffer();
    head.writeFields(out);
    return out.toString(StandardCharsets.ISO_8859_1).replace("\r\n", "\n").strip();
  }

  static String sent(Head request) {
    ByteBuf out = Unpooled.buffer();
    request.writeRequest(out);
    return out.toString(StandardCharsets.ISO_8859_1).replace("\r\n", "\n").strip();
  }

  /** What routing sees of a request. */
  static RequestHead seen(String method, String target, String... headers) {
    String[] lines = new String[headers.length + 1];
    lines[0] = method + " " + target + " HTTP/1.1";
    System.arraycopy(headers, 0, lines, 1, headers.length);
    Head head = request(lines);
    int question = target.indexOf('?');
    return new RequestHead() {
      @Override
      public String method() {
        return method;
      }

      @Override
      public String path() {
        return question < 0 ? target : target.substring(0, question);
      }

      @Override
      public String query() {
        return question < 0 ? "" : target.substring(question + 1);
      }

      @Override
      public String authority() {
        String host = head.value(Field.HOST);
        return host == null ? "" : host;
      }

      @Override
      public @Nullable String header(String name) {
        return head.value(name);
      }
    };
  }

  private static Head read(HeadReader reader, String... lines) {
    Head head = new Head();
    try {
      if (!reader.read(
          Unpooled.copiedBuffer(
              String.join("\r\n", lines) + "\r\n\r\n", StandardCharsets.ISO_8859_1),
          head)) {
        throw new IllegalArgumentException("incomplete: " + String.join("|", lines));
      }
    } catch (MalformedException e) {
      throw new IllegalArgumentException(e);
    }
    return head;
  }
}
