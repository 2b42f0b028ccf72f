package io.weftmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import io.weftmesh.proxy.http.codec.Framing;
import io.weftmesh.proxy.http.codec.Head;
import org.jspecify.annotations.Nullable;

/** Where the answer of an {@link Exchange} goes. Everything on the client's event loop. */
interface ClientSide {
  EventLoop loop();

  ByteBufAllocator allocator();

  /** An informational answer (1xx but 101); the head stays the caller's. */
  void interim(Head head);

  /**
   * The answer's head, which stays the caller's but may be changed.
   *
   * @param framing of the body that follows
   * @param requestIsRead whether the request has been, or will be, read to its end
   */
  void answer(Head head, Framing framing, boolean requestIsRead);

  /** Some of the body; taken over. */
  void answerData(ByteBuf data);

  /** The end of the body. The exchange is over, unless the request has not ended yet. */
  void answerEnd(@Nullable Head trailers);

  /** An answer made by the proxy, complete. The exchange is over. */
  void answerError(ErrorAnswer answer);

  /**
   * The answer can't be completed, and the client must not take it for complete.
   *
   * @param why for a protocol that can still say so
   */
  void answerBroken(ErrorAnswer why);

  /**
   * The endpoint switched protocols: from here on, bytes are carried and not understood.
   *
   * @param head of the answer that said so
   * @param upstream read off, and the client's own from here on
   * @param early what the endpoint sent directly behind it; taken over
   */
  void switchProtocol(Head head, DuplexChannel upstream, @Nullable ByteBuf early);

  /** Puts on the wire what was written. */
  void flush();

  /** Whether more of an answer should be produced now. */
  boolean isWritable();

  /** The reader of the request's body is slow, or no longer so. */
  void holdRequest(boolean hold);
}
