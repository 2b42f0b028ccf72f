package io.weftmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import io.weftmesh.policy.model.GrpcStatus;
import io.weftmesh.proxy.http.codec.HeaderBlockWriter;
import java.nio.charset.StandardCharsets;

/**
 * An answer that the proxy makes: a status, {@code x-weft-error}, and a line for people.
 *
 * @param status of HTTP; the reason's own unless somebody asked for another
 * @param grpcStatus for a client that speaks gRPC
 * @param retryAfterSeconds when the client should come again; 0 to say nothing of that
 */
record ErrorAnswer(
    ErrorReason reason, int status, GrpcStatus grpcStatus, String text, long retryAfterSeconds) {
  /** Texts quote what others sent. */
  private static final int MAX_TEXT_CHARS = 1000;

  private static final AsciiString NAME = AsciiString.cached("x-weft-error");
  private static final AsciiString CONTENT_TYPE = AsciiString.cached("content-type");
  private static final AsciiString RETRY_AFTER = AsciiString.cached("retry-after");

  /** The answer that a reason asks for. */
  static ErrorAnswer of(ErrorReason reason, String text) {
    return new ErrorAnswer(reason, reason.status(), GrpcErrors.of(reason), text, 0);
  }

  /** The same with another status. */
  ErrorAnswer status(int wanted) {
    return new ErrorAnswer(reason, wanted, GrpcErrors.ofHttp(wanted), text, retryAfterSeconds);
  }

  /** The same for a gRPC client that is to get this status. */
  ErrorAnswer grpcStatus(GrpcStatus wanted) {
    return new ErrorAnswer(reason, status, wanted, text, retryAfterSeconds);
  }

  ErrorAnswer retryAfter(long seconds) {
    return new ErrorAnswer(reason, status, grpcStatus, text, seconds);
  }

  /** For HTTP/2, the whole of an answer that has no body: in place of one that can't be read. */
  static Http2Headers bodiless(ErrorReason reason) {
    return new DefaultHttp2Headers(false)
        .status(HeaderBlockWriter.status(reason.status()))
        .set(NAME, reason.word());
  }

  /** Its head for HTTP/2. */
  Http2Headers head() {
    Http2Headers head =
        new DefaultHttp2Headers(false)
            .status(HeaderBlockWriter.status(status))
            .set(NAME, reason.word())
            .set(CONTENT_TYPE, "text/plain; charset=utf-8")
            .setInt("content-length", body().length);
    return withRetryAfter(head);
  }

  /**
   * The whole of it for a gRPC client: an answer of trailers alone, which says what went wrong in
   * the terms that gRPC has for it.
   */
  Http2Headers grpc() {
    Http2Headers head =
        new DefaultHttp2Headers(false)
            .status(HeaderBlockWriter.status(200))
            .set(CONTENT_TYPE, "application/grpc")
            .set(NAME, reason.word())
            .set("grpc-status", Integer.toString(grpcStatus.number()))
            .set("grpc-message", GrpcErrors.message("weft: " + shortened()));
    return withRetryAfter(head);
  }

  /** The end of a call whose answer had begun. */
  Http2Headers grpcTrailers() {
    return new DefaultHttp2Headers(false)
        .set(NAME, reason.word())
        .set("grpc-status", Integer.toString(grpcStatus.number()))
        .set("grpc-message", GrpcErrors.message("weft: " + shortened()));
  }

  /** Its line for people. */
  byte[] body() {
    return ("weft: " + shortened() + "\n").getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Writes it whole, for HTTP/1.
   *
   * @param noBody whether the answer is to a HEAD
   * @param connection the value of {@code Connection}, or empty for none
   */
  ByteBuf write(ByteBufAllocator allocator, boolean noBody, String connection) {
    byte[] body = body();
    var head = new StringBuilder(256);
    head.append("HTTP/1.1 ").append(status).append(' ').append(phrase());
    head.append("\r\nx-weft-error: ").append(reason.word());
    if (retryAfterSeconds > 0) {
      head.append("\r\nretry-after: ").append(retryAfterSeconds);
    }
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

  private Http2Headers withRetryAfter(Http2Headers head) {
    return retryAfterSeconds > 0 ? head.setLong(RETRY_AFTER, retryAfterSeconds) : head;
  }

  private String phrase() {
    return status == reason.status()
        ? reason.phrase()
        : HttpResponseStatus.valueOf(status).reasonPhrase();
  }

  private String shortened() {
    return text.length() > MAX_TEXT_CHARS ? text.substring(0, MAX_TEXT_CHARS) : text;
  }
}
