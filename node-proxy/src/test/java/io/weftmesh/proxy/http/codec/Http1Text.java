package io.weftmesh.proxy.http.codec;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads whole messages from text, in pieces of a given size, as a connection would. */
final class Http1Text {
  /** A message as the proxy understood it. */
  record Message(Head head, Framing framing, String body, @Nullable String trailers) {}

  private final int maxHeadBytes;
  private final int pieceBytes;

  Http1Text(int maxHeadBytes, int pieceBytes) {
    this.maxHeadBytes = maxHeadBytes;
    this.pieceBytes = pieceBytes;
  }

  static ByteBuf bytes(String text) {
    return Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
  }

  Message request(String text) throws MalformedException {
    return read(HeadReader.ofRequests(maxHeadBytes), text, null);
  }

  Message response(String text, String method) throws MalformedException {
    return read(HeadReader.ofResponses(maxHeadBytes), text, method);
  }

  private Message read(HeadReader reader, String text, @Nullable String method)
      throws MalformedException {
    ByteBuf all = bytes(text);
    var head = new Head();
    var body = new StringBuilder();
    var trailers = new StringBuilder();
    var sink =
        new BodyReader.Sink() {
          private boolean ended;

          @Override
          public void data(ByteBuf data) {
            body.append(data.toString(StandardCharsets.ISO_8859_1));
            data.release();
          }

          @Override
          public void end(@Nullable Head with) {
            if (ended) {
              throw new AssertionError("ended twice");
            }
            ended = true;
            if (with != null) {
              trailers.append(fields(with));
            }
          }
        };
    Framing framing = null;
    var bodyReader = new BodyReader(maxHeadBytes);
    boolean done = false;
    while (all.isReadable() && !done) {
      ByteBuf piece = all.readSlice(Math.min(pieceBytes, all.readableBytes()));
      if (framing == null && reader.read(piece, head)) {
        framing = method == null ? Framing.ofRequest(head) : Framing.ofResponse(head, method);
        bodyReader.begin(framing);
      }
      if (framing != null) {
        done = bodyReader.read(piece, sink);
      }
      all.readerIndex(all.readerIndex() - piece.readableBytes());
    }
    if (framing == null) {
      throw new IllegalStateException("incomplete head");
    }
    if (!done && !bodyReader.closed(sink)) {
      throw new IllegalStateException("incomplete body");
    }
    if (all.isReadable()) {
      body.append("|left:").append(all.toString(StandardCharsets.ISO_8859_1));
    }
    all.release();
    return new Message(
        head, framing, body.toString(), trailers.isEmpty() ? null : trailers.toString());
  }

  static String fields(Head head) {
    ByteBuf out = Unpooled.buffer();
    head.writeFields(out);
    return out.toString(StandardCharsets.ISO_8859_1);
  }

  static String request(Head head) {
    ByteBuf out = Unpooled.buffer();
    head.writeRequest(out);
    return out.toString(StandardCharsets.ISO_8859_1);
  }

  static String response(Head head) {
    ByteBuf out = Unpooled.buffer();
    head.writeResponse(out);
    return out.toString(StandardCharsets.ISO_8859_1);
  }
}
