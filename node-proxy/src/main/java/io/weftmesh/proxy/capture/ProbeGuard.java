package io.weftmesh.proxy.capture;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import java.util.List;

/**
 * Lets one HTTP request through, and only if it is a GET of a path that the pod declares as a
 * probe: whoever can send from a node's address (a NodePort's client may) learns nothing else. The
 * head is read in full before a byte of it goes on; what comes behind it is refused, so that no
 * second request can hide there. The answer goes back until the application closes.
 *
 * <p>Confined to one event loop.
 */
final class ProbeGuard extends ChannelInboundHandlerAdapter {
  /** The kubelet's own heads have a few hundred bytes. */
  private static final int MOST_HEAD_BYTES = 8 * 1024;

  private static final String END_OF_HEAD = "\r\n\r\n";

  private final DuplexChannel client;
  private final DuplexChannel application;
  private final List<String> paths;
  private final Runnable refuse;
  private final ByteBuf head;
  private boolean passed;
  private boolean ended;

  private ProbeGuard(
      DuplexChannel client, DuplexChannel application, List<String> paths, Runnable refuse) {
    this.client = client;
    this.application = application;
    this.paths = paths;
    this.refuse = refuse;
    this.head = client.alloc().buffer(512);
  }

  /**
   * Takes both channels over and turns reading on.
   *
   * @param refuse resets the client, and counts it
   */
  static void start(
      DuplexChannel client, DuplexChannel application, List<String> paths, Runnable refuse) {
    ProbeGuard guard = new ProbeGuard(client, application, paths, refuse);
    application.pipeline().addLast(guard.new Answer());
    client.pipeline().addLast(guard);
    client.config().setAutoRead(true);
    application.config().setAutoRead(true);
  }

  /**
   * Whether a complete head is the one that a probe of one of {@code paths} has.
   *
   * @param text the head with the empty line at its end
   */
  static boolean isProbe(String text, List<String> paths) {
    String[] lines = text.split("\r\n", -1);
    for (String path : paths) {
      if (lines[0].equals("GET " + path + " HTTP/1.1")
          || lines[0].equals("GET " + path + " HTTP/1.0")) {
        return hasNoBody(lines);
      }
    }
    return false;
  }

  private static boolean hasNoBody(String[] lines) {
    for (int i = 1; i < lines.length; i++) {
      String line = lines[i];
      boolean bareLineBreak = line.indexOf('\n') >= 0 || line.indexOf('\r') >= 0;
      if (bareLineBreak
          || startsWith(line, "content-length")
          || startsWith(line, "transfer-encoding")
          || startsWith(line, "upgrade")
          || startsWith(line, "expect")
          || startsWith(line, " ")
          || startsWith(line, "\t")) {
        return false;
      }
    }
    return true;
  }

  private static boolean startsWith(String line, String lowerCaseStart) {
    return line.regionMatches(true, 0, lowerCaseStart, 0, lowerCaseStart.length());
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    if (ended || passed || head.readableBytes() + bytes.readableBytes() > MOST_HEAD_BYTES) {
      bytes.release();
      end();
      return;
    }
    head.writeBytes(bytes);
    bytes.release();
    String text = head.toString(US_ASCII);
    int emptyLine = text.indexOf(END_OF_HEAD);
    if (emptyLine < 0) {
      return;
    }
    if (emptyLine + END_OF_HEAD.length() != text.length() || !isProbe(text, paths)) {
      end();
      return;
    }
    passed = true;
    application.writeAndFlush(head.retainedDuplicate());
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    ended = true;
    application.close();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    head.release();
  }

  private void end() {
    if (!ended) {
      ended = true;
      application.close();
      refuse.run();
    }
  }

  /** The application's side. */
  private final class Answer extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (passed && !ended) {
        client.write(message);
      } else {
        ReferenceCountUtil.release(message);
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      client.flush();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      // The application has answered and closed: the client gets the rest, then its end.
      client.flush();
      client.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      client.close();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }
}
