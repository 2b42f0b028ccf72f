package io.weftmesh.proxy.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Writes down what comes out of a channel. */
final class Recorder extends ChannelInboundHandlerAdapter {
  final AtomicLong bytes = new AtomicLong();
  final CompletableFuture<Void> ended = new CompletableFuture<>();
  final CompletableFuture<Throwable> failed = new CompletableFuture<>();
  final CompletableFuture<Void> inactive = new CompletableFuture<>();
  private final MessageDigest digest = sha256();

  static Recorder on(DuplexChannel channel) {
    Recorder recorder = new Recorder();
    if (channel.eventLoop().inEventLoop()) {
      channel.pipeline().addLast(recorder);
    } else {
      // Else what is being read at this moment would pass it by.
      channel.eventLoop().submit(() -> channel.pipeline().addLast(recorder)).syncUninterruptibly();
    }
    return recorder;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf data = (ByteBuf) message;
    bytes.addAndGet(data.readableBytes());
    for (var part : data.nioBuffers()) {
      digest.update(part);
    }
    data.release();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      ended.complete(null);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    failed.complete(cause);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    inactive.complete(null);
  }

  void awaitEnd() throws Exception {
    ended.get(30, TimeUnit.SECONDS);
  }

  /** What tells a relay to reset the other side; a NIO socket then stays open, others don't. */
  void awaitReset() throws Exception {
    assertThat(failed.get(10, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
  }

  String sha256Hex() {
    return HexFormat.of().formatHex(digest.digest());
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
