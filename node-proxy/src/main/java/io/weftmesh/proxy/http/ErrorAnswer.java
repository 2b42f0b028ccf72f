package io.weftmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;

/** An answer that the proxy makes: a status, {@code x-weft-error}, and a line for people. */
final class ErrorAnswer {
  /** Texts quote what others sent. */
  private static final int MAX_TEXT_CHARS = 1000;

  private ErrorAnswer() {}

  /**
   * Writes it whole.
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
    String line = text.length() > MAX_TEXT_CHARS ? text.substring(0, MAX_TEXT_CHARS) : text;
    byte[] body = ("weft: " + line + "\n").getBytes(StandardCharsets.UTF_8);
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
