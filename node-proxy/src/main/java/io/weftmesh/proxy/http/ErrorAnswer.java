package io.weftmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import io.weftmesh.proxy.http.codec.HeaderBlockWriter;
import java.nio.charset.StandardCharsets;

/** An answer that the proxy makes: a status, {@code x-weft-error}, and a line for people. */
final class ErrorAnswer {
  /** Texts quote what others sent. */
  private static final int MAX_TEXT_CHARS = 1000;

  static final AsciiString NAME = AsciiString.cached("x-weft-error");
  static final AsciiString CONTENT_TYPE = AsciiString.cached("content-type");

  private ErrorAnswer() {}

  /**
   * Its head for HTTP/2, without a body.
   *
   * @param reason for the status
   */
  static Http2Headers head(ErrorReason reason) {
    return new DefaultHttp2Headers(false)
        .status(HeaderBlockWriter.status(reason.status()))
        .set(NAME, reason.word());
  }

  /**
   * Its head for a gRPC client: an answer of trailers alone, which says what went wrong in the
   * terms that gRPC has for it.
   */
  static Http2Headers grpc(ErrorReason reason, String text) {
    return new DefaultHttp2Headers(false)
        .status(HeaderBlockWriter.status(200))
        .set(CONTENT_TYPE, "application/grpc")
        .set(NAME, reason.word())
        .set("grpc-status", Integer.toString(GrpcStatus.of(reason)))
        .set("grpc-message", GrpcStatus.message("weft: " + shortened(text)));
  }

  /** Its line for people. */
  static byte[] body(String text) {
    return ("weft: " + shortened(text) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private static String shortened(String text) {
    return text.length() > MAX_TEXT_CHARS ? text.substring(0, MAX_TEXT_CHARS) : text;
  }

  /**
   * Writes it whole, for HTTP/1.
   *
   * @param noBody whether the answer is to a HEAD
   * @param connection the value of {@code Connection}, or empty for none
   */
  static ByteBuf write(
      ByteBufAllocator allocator,
      ErrorReason reason,
      String text,
      boolean noBody,
      String connection) {
    byte[] body = body(text);
    var head = new StringBuilder(256);
    head.append("HTTP/1.1 ").append(reason.status()).append(' ').append(reason.phrase());
    head.append("\r\nx-weft-error: ").append(reason.word());
    head.append("\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ");
    head.append(body.length);
    if (!connection.isEmpty()) {
      head.append("\r\nconnection: ").append(connection);
    }
    head.append("\r\n\r\n");
    ByteBuf out = allocator.ioBuffer(head.length() + body.length);
    ByteBufUtil.writeAscii(out, head);
    if (!noBody) {
      out.writeBytes(body);
    }
    return out;
  }
}
