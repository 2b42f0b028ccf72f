package io.weftmesh.proxy.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.socket.DuplexChannel;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

/** Writes so many random bytes, as fast as the channel takes them, then ends the output. */
final class Sender {
  private final DuplexChannel channel;
  private final Random random = new Random(7);
  private final MessageDigest digest = Recorder.sha256();
  private final CompletableFuture<String> done = new CompletableFuture<>();
  private long left;

  private Sender(DuplexChannel channel, long bytes) {
    this.channel = channel;
    this.left = bytes;
  }

  /** Completes with the SHA-256 of what was sent. */
  static CompletableFuture<String> send(DuplexChannel channel, long bytes) {
    Sender sender = new Sender(channel, bytes);
    channel.eventLoop().execute(sender::write);
    return sender.done;
  }

  private void write() {
    if (left == 0) {
      channel
          .writeAndFlush(channel.alloc().buffer(0))
          .addListener(written ->
              channel
                  .shutdownOutput()
                  .addListener(ended -> done.complete(HexFormat.of().formatHex(digest.digest()))));
      return;
    }
    byte[] chunk = new byte[(int) Math.min(left, 1 + random.nextInt(60_000))];
    random.nextBytes(chunk);
    digest.update(chunk);
    left -= chunk.length;
    ByteBuf data = channel.alloc().buffer(chunk.length).writeBytes(chunk);
    ChannelFuture written = channel.writeAndFlush(data);
    written.addListener(result -> {
      if (result.isSuccess()) {
        channel.eventLoop().execute(this::write);
      } else {
        done.completeExceptionally(result.cause());
      }
    });
  }
}
