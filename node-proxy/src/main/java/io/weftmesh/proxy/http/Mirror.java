package io.weftmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import io.weftmesh.proxy.http.codec.Framing;
import io.weftmesh.proxy.http.codec.Head;
import org.jspecify.annotations.Nullable;

/** One copy of a request: the client of its exchange, which drops what is answered. */
final class Mirror implements ClientSide {
  private final int maxBodyBytes;
  private final ClientSide original;
  private long bodyBytes;
  private boolean held;

  @SuppressWarnings("NullAway.Init") // each needs the other, and this is set before any use
  Exchange exchange;

  Mirror(int maxBodyBytes, ClientSide original) {
    this.maxBodyBytes = maxBodyBytes;
    this.original = original;
  }

  Exchange exchange() {
    return exchange;
  }

  /** Some of the body, which stays the caller's. */
  void data(ByteBuf data) {
    if (exchange.isOver()) {
      return;
    }
    bodyBytes += data.readableBytes();
    if (bodyBytes > maxBodyBytes || held) {
      // It is not waited for: the request itself goes on at its own pace.
      exchange.refuse(
          ErrorReason.MIRROR_TOO_LARGE,
          "its body is longer, or read more slowly, than is mirrored");
    } else {
      exchange.requestData(data.retainedDuplicate());
    }
  }

  void onDeadline() {
    exchange.onDeadline();
  }

  @Override
  public EventLoop loop() {
    return original.loop();
  }

  @Override
  public ByteBufAllocator allocator() {
    return original.allocator();
  }

  @Override
  public void holdRequest(boolean hold) {
    held = hold;
  }

  @Override
  public boolean isWritable() {
    return true;
  }

  @Override
  public void answerData(ByteBuf data) {
    data.release();
  }

  @Override
  public void interim(Head head) {}

  @Override
  public void answer(Head head, Framing framing, boolean requestIsRead) {}

  @Override
  public void answerEnd(@Nullable Head trailers) {}

  @Override
  public void answerError(ErrorAnswer answer) {}

  @Override
  public void answerBroken(ErrorAnswer why) {}

  @Override
  public void switchProtocol(Head head, DuplexChannel upstream, @Nullable ByteBuf early) {
    throw new IllegalStateException("a request that asks for another protocol is not mirrored");
  }

  @Override
  public void flush() {}
}
