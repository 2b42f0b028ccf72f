package io.weftmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.MockTicker;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * One end of a connection, with the test at the other. All wires of a thread are of one event loop:
 * what is to be done later waits until what is being done is over. An {@link EmbeddedChannel} alone
 * does it in the middle of the next write, so that what belongs between two frames stands in one.
 */
final class Wire extends EmbeddedChannel implements DuplexChannel {
  private static final ThreadLocal<Turn> TURN = ThreadLocal.withInitial(Turn::new);

  private boolean inputShutdown;
  private boolean outputShutdown;
  private boolean blocked;

  Wire(MockTicker ticker, ByteBufAllocator allocator) {
    super(EmbeddedChannel.builder().ticker(ticker));
    config().setAllocator(allocator);
    config().setAutoRead(false);
    config().setWriteBufferWaterMark(new WriteBufferWaterMark(1000, 2000));
  }

  /** The other end sends. */
  void sends(String text) {
    ByteBuf bytes = config().getAllocator().buffer(Math.max(1, text.length()));
    bytes.writeCharSequence(text, StandardCharsets.ISO_8859_1);
    TURN.get().run(() -> writeInbound(bytes), this);
  }

  /** The other end ends its side. */
  void sendsEnd() {
    inputShutdown = true;
    TURN.get()
        .run(() -> pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE), this);
  }

  @Override
  public void runPendingTasks() {
    // Called by the constructor of the class above, too.
    TURN.get().run(() -> {}, this);
  }

  private void runTasks() {
    super.runPendingTasks();
  }

  /** What the other end has got since it was last asked. */
  String got() {
    runPendingTasks();
    var text = new StringBuilder();
    for (ByteBuf bytes = readOutbound(); bytes != null; bytes = readOutbound()) {
      text.append(bytes.toString(StandardCharsets.ISO_8859_1));
      bytes.release();
    }
    return text.toString();
  }

  boolean isRead() {
    return config().isAutoRead();
  }

  /** The other end takes nothing for now. */
  void block() {
    blocked = true;
  }

  void unblock() {
    blocked = false;
    unsafe().flush();
  }

  @Override
  protected void doWrite(io.netty.channel.ChannelOutboundBuffer in) throws Exception {
    if (!blocked) {
      super.doWrite(in);
    }
  }

  @Override
  public boolean isInputShutdown() {
    return inputShutdown;
  }

  @Override
  public ChannelFuture shutdownInput() {
    return shutdownInput(newPromise());
  }

  @Override
  public ChannelFuture shutdownInput(ChannelPromise promise) {
    inputShutdown = true;
    return promise.setSuccess();
  }

  @Override
  public boolean isOutputShutdown() {
    return outputShutdown;
  }

  @Override
  public ChannelFuture shutdownOutput() {
    return shutdownOutput(newPromise());
  }

  @Override
  public ChannelFuture shutdownOutput(ChannelPromise promise) {
    outputShutdown = true;
    return promise.setSuccess();
  }

  @Override
  public boolean isShutdown() {
    return inputShutdown && outputShutdown;
  }

  @Override
  public ChannelFuture shutdown() {
    return shutdown(newPromise());
  }

  @Override
  public ChannelFuture shutdown(ChannelPromise promise) {
    inputShutdown = true;
    return shutdownOutput(promise);
  }

  /** What is being done, and whose tasks come after. */
  private static final class Turn {
    private final Set<Wire> due = new LinkedHashSet<>();
    private boolean running;

    void run(Runnable work, Wire wire) {
      due.add(wire);
      if (running) {
        work.run();
        return;
      }
      running = true;
      try {
        work.run();
        while (!due.isEmpty()) {
          Wire next = due.iterator().next();
          due.remove(next);
          next.runTasks();
        }
      } finally {
        running = false;
        due.clear();
      }
    }
  }
}
