package io.weftmesh.proxy.cluster;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes what a watch brings in ASCII alone. The client decodes each buffer of a watch by itself
 * and takes the spare room of the result for text, so that one character that is not ASCII makes
 * the next event unreadable, and has the whole kind listed anew. In JSON such characters stand in
 * strings only, where an escape means the same (RFC 8259, 7).
 */
final class AsciiEvents implements Interceptor {
  @Override
  public AsyncBody.Consumer<List<ByteBuffer>> consumer(
      AsyncBody.Consumer<List<ByteBuffer>> next, HttpRequest request) {
    String query = request.uri().getQuery();
    if (query == null || !query.contains("watch=true")) {
      return next;
    }
    Escapes escapes = new Escapes();
    return (buffers, body) -> next.consume(escapes.escaped(buffers), body);
  }

  /** Of one stream of bytes: a character may come in two pieces. Not thread-safe. */
  static final class Escapes {
    private final CharsetDecoder decoder =
        UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private ByteBuffer begun = ByteBuffer.allocate(0);

    List<ByteBuffer> escaped(List<ByteBuffer> buffers) {
      List<ByteBuffer> escaped = new ArrayList<>(buffers.size());
      for (ByteBuffer buffer : buffers) {
        escaped.add(begun.hasRemaining() || !isAscii(buffer) ? escape(buffer) : buffer);
      }
      return escaped;
    }

    private static boolean isAscii(ByteBuffer buffer) {
      for (int i = buffer.position(); i < buffer.limit(); i++) {
        if (buffer.get(i) < 0) {
          return false;
        }
      }
      return true;
    }

    private ByteBuffer escape(ByteBuffer buffer) {
      ByteBuffer in = ByteBuffer.allocate(begun.remaining() + buffer.remaining());
      in.put(begun).put(buffer).flip();
      CharBuffer out = CharBuffer.allocate(in.remaining() + 1);
      decoder.decode(in, out, false);
      begun = in.slice();
      out.flip();
      StringBuilder text = new StringBuilder(out.remaining() + 16);
      for (int i = 0; i < out.length(); i++) {
        char c = out.charAt(i);
        if (c < 0x80) {
          text.append(c);
        } else {
          text.append("\\u").append(Integer.toHexString(0x10000 | c), 1, 5);
        }
      }
      return ByteBuffer.wrap(text.toString().getBytes(US_ASCII));
    }
  }
}
