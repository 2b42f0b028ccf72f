package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.DefaultHttp2WindowUpdateFrame;
import io.netty.handler.codec.http2.Http2ChannelDuplexHandler;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.util.ReferenceCountUtil;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** HTTP/2 over real sockets and several event loops, with Netty's codec at both ends. */
@Timeout(60)
class Http2LoopbackTest {
  @Test
  void carriesManyStreamsOfManySizesAtOnceWithoutAFault() throws Exception {
    try (var proxy = new Http2Loopback()) {
      var served = new AtomicInteger[] {new AtomicInteger(), new AtomicInteger()};
      proxy.serve(proxy.server(new Echo(served[0])), proxy.server(new Echo(served[1])));
      Caller one = call(proxy, new Caller(600, 50, false));
      Caller two = call(proxy, new Caller(600, 50, false));
      await()
          .untilAsserted(() -> {
            assertThat(one.done.get()).isEqualTo(600);
            assertThat(two.done.get()).isEqualTo(600);
          });

      assertThat(one.faults.get() + two.faults.get()).isZero();
      assertThat(served[0].get()).describedAs("streams at each endpoint").isBetween(300, 900);
      assertThat(served[1].get()).isBetween(300, 900);
      assertThat(proxy.upstreams.get()).describedAs("connections").isLessThanOrEqualTo(4);
      proxy.awaitNothingInHand();
      one.channel.close().sync();
      two.channel.close().sync();
    }
  }

  @Test
  void resetsAtAnyTimeLeaveNothingBehind() throws Exception {
    try (var proxy = new Http2Loopback()) {
      proxy.serve(proxy.server(new Echo(new AtomicInteger())));
      Caller caller = call(proxy, new Caller(1000, 100, true));
      await().untilAsserted(() -> assertThat(caller.done.get()).isEqualTo(1000));
      proxy.awaitNothingInHand();
      caller.channel.close().sync();
    }
  }

  private static Caller call(Http2Loopback proxy, Caller caller) {
    caller.channel =
        new Bootstrap()
            .group(proxy.loops)
            .channel(NioSocketChannel.class)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(
                            Http2FrameCodecBuilder.forClient()
                                .initialSettings(new Http2Settings().initialWindowSize(1 << 20))
                                .encoderEnforceMaxRstFramesPerWindow(0, 1)
                                .build(),
                            caller);
                  }
                })
            .connect(proxy.address)
            .syncUninterruptibly()
            .channel();
    return caller;
  }

  /** Sends back what it gets, as it gets it. */
  @ChannelHandler.Sharable
  private static final class Echo extends ChannelInboundHandlerAdapter {
    private final AtomicInteger served;

    Echo(AtomicInteger served) {
      this.served = served;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      switch (message) {
        case Http2HeadersFrame headers -> {
          served.incrementAndGet();
          ctx.write(
              new DefaultHttp2HeadersFrame(
                      new DefaultHttp2Headers().status("200"), headers.isEndStream())
                  .stream(headers.stream()));
        }
        case Http2DataFrame data -> {
          ctx.write(
              new DefaultHttp2WindowUpdateFrame(data.initialFlowControlledBytes())
                  .stream(data.stream()));
          ctx.write(
              new DefaultHttp2DataFrame(data.content(), data.isEndStream()).stream(data.stream()));
        }
        default -> ReferenceCountUtil.release(message);
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      ctx.flush();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      // A stream that was reset while its echo was under way.
    }
  }

  /** Keeps so many streams open at a time until so many are done, each of another size. */
  private static final class Caller extends Http2ChannelDuplexHandler {
    final AtomicInteger done = new AtomicInteger();
    final AtomicInteger faults = new AtomicInteger();
    Channel channel;

    private final int total;
    private final int atATime;
    private final boolean resets;
    private final Random random = new Random(7);
    private final Map<Integer, int[]> open = new HashMap<>();
    private int begun;

    Caller(int total, int atATime, boolean resets) {
      this.total = total;
      this.atATime = atATime;
      this.resets = resets;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) throws Exception {
      super.channelActive(ctx);
      more(ctx);
    }

    private void more(ChannelHandlerContext ctx) {
      while (begun < total && open.size() < atATime) {
        begun++;
        int bytes = random.nextInt(10) == 0 ? 100_000 : random.nextInt(3000);
        Http2FrameStream stream = newStream();
        Http2Headers headers =
            new DefaultHttp2Headers().method("POST").scheme("http").path("/").authority("cart");
        ctx.write(new DefaultHttp2HeadersFrame(headers, false).stream(stream));
        ctx.write(
            new DefaultHttp2DataFrame(Unpooled.wrappedBuffer(new byte[bytes]), true)
                .stream(stream));
        open.put(stream.id(), new int[] {bytes});
        if (resets && random.nextInt(3) == 0) {
          reset(ctx, stream);
        }
      }
      ctx.flush();
    }

    private void reset(ChannelHandlerContext ctx, Http2FrameStream stream) {
      if (open.remove(stream.id()) != null) {
        ctx.write(new DefaultHttp2ResetFrame(Http2Error.CANCEL).stream(stream));
        done.incrementAndGet();
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      try {
        if (message instanceof Http2HeadersFrame headers) {
          if (resets && random.nextInt(3) == 0) {
            reset(ctx, headers.stream());
          } else if (!"200".contentEquals(headers.headers().status())) {
            faults.incrementAndGet();
          }
        } else if (message instanceof Http2DataFrame data) {
          ctx.write(
              new DefaultHttp2WindowUpdateFrame(data.initialFlowControlledBytes())
                  .stream(data.stream()));
          int[] left = open.get(data.stream().id());
          if (left != null) {
            left[0] -= data.content().readableBytes();
            if (data.isEndStream()) {
              open.remove(data.stream().id());
              faults.addAndGet(left[0] == 0 ? 0 : 1);
              done.incrementAndGet();
            } else if (resets && random.nextInt(20) == 0) {
              reset(ctx, data.stream());
            }
          }
        }
      } finally {
        ReferenceCountUtil.release(message);
      }
      more(ctx);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      faults.incrementAndGet();
    }
  }
}
