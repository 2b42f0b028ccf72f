package io.weftmesh.proxy.http.codec;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/**
 * Turns {@link Head}s into header blocks of HTTP/2 (RFC 9113, 8.3): {@code Host} is {@code
 * :authority} again, names are in lower case, and what is about a connection is left out. The
 * blocks are copies: the codec may write them later, and keeps parts of them for its compression.
 */
public final class HeaderBlockWriter {
  private static final AsciiString HTTP = AsciiString.cached("http");
  private static final AsciiString[] STATUS = new AsciiString[1000];

  private HeaderBlockWriter() {}

  public static Http2Headers writeRequest(Head head) {
    Http2Headers block = new DefaultHttp2Headers(false, head.count() + 4);
    block.method(new AsciiString(head.method()));
    block.scheme(head.scheme().isEmpty() ? HTTP : new AsciiString(head.scheme()));
    String host = head.value(Field.HOST);
    if (host != null) {
      block.authority(new AsciiString(host));
    }
    block.path(new AsciiString(head.target()));
    return writeFields(head, block);
  }

  public static Http2Headers writeResponse(Head head) {
    Http2Headers block = new DefaultHttp2Headers(false, head.count() + 1);
    block.status(status(head.status()));
    return writeFields(head, block);
  }

  public static Http2Headers writeTrailers(Head head) {
    return writeFields(head, new DefaultHttp2Headers(false, head.count() + 1));
  }

  /** The value of {@code :status}, shared. */
  public static AsciiString status(int code) {
    // Races only make the same text twice.
    AsciiString known = STATUS[code];
    if (known == null) {
      known = new AsciiString(Integer.toString(code));
      STATUS[code] = known;
    }
    return known;
  }

  private static Http2Headers writeFields(Head head, Http2Headers block) {
    for (int i = 0; i < head.count(); i++) {
      if (!head.isRemoved(i) && !staysBehind(head.known(i))) {
        AsciiString name = copy(head.bytes, head.nameStart(i), head.nameEnd(i));
        block.add(name.toLowerCase(), copy(head.bytes, head.valueStart(i), head.valueEnd(i)));
      }
    }
    return block;
  }

  private static boolean staysBehind(@Nullable Field field) {
    return field != null
        && switch (field) {
          case CONNECTION,
              HOST,
              HTTP2_SETTINGS,
              KEEP_ALIVE,
              PROXY_CONNECTION,
              TRANSFER_ENCODING,
              UPGRADE ->
              true;
          case CONTENT_LENGTH, EXPECT, TE, TRAILER -> false;
        };
  }

  private static AsciiString copy(byte[] bytes, int start, int end) {
    return new AsciiString(bytes, start, end - start, true);
  }
}
