package io.weftmesh.proxy.tcp;

import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelOption;
import io.netty.channel.MaxMessagesRecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelOption;

/** How every socket of the data plane is set, whichever room opened it. */
public final class Sockets {
  /**
   * A bulk stream moves at most {@link #READS_PER_TURN} times this many bytes before the loop looks
   * at the next connection. Netty's default of 16 reads lets one transfer hold a loop for a MiB.
   */
  private static final int MAX_READ_BYTES = 64 * 1024;

  private static final int READS_PER_TURN = 2;

  /** What may wait for a slow reader before its sender is no longer read. */
  private static final WriteBufferWaterMark PENDING =
      new WriteBufferWaterMark(32 * 1024, 64 * 1024);

  private static final int KEEPALIVE_IDLE_SECONDS = 60;
  private static final int KEEPALIVE_INTERVAL_SECONDS = 10;
  private static final int KEEPALIVE_PROBES = 6;

  /** Sent bytes that nobody acknowledged for this long mean that the peer is dead. */
  private static final int USER_TIMEOUT_MILLIS = 60_000;

  private Sockets() {}

  /**
   * Sets a TCP socket. To be called before the channel is registered: a registered one keeps the
   * read sizes that it began with.
   */
  public static void configure(Channel socket) {
    ChannelConfig config = socket.config();
    config.setOption(ChannelOption.TCP_NODELAY, true);
    config.setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    config.setOption(ChannelOption.SO_KEEPALIVE, true);
    config.setOption(EpollChannelOption.TCP_KEEPIDLE, KEEPALIVE_IDLE_SECONDS);
    config.setOption(EpollChannelOption.TCP_KEEPINTVL, KEEPALIVE_INTERVAL_SECONDS);
    config.setOption(EpollChannelOption.TCP_KEEPCNT, KEEPALIVE_PROBES);
    config.setOption(EpollChannelOption.TCP_USER_TIMEOUT, USER_TIMEOUT_MILLIS);
    config.setWriteBufferWaterMark(PENDING);
    config.setRecvByteBufAllocator(readSizes());
  }

  private static MaxMessagesRecvByteBufAllocator readSizes() {
    return new AdaptiveRecvByteBufAllocator(512, 2048, MAX_READ_BYTES)
        .maxMessagesPerRead(READS_PER_TURN);
  }
}
