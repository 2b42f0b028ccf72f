package io.weftmesh.proxy.tunnel;

import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.ssl.SslHandler;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** What the connections beneath tunnels have in common, whichever side opened them. */
final class TunnelChannels {
  private static final int READS_PER_TURN = 4;
  private static final int MAX_READ_BYTES = 64 << 10;

  /** One flush of the busiest stream and the next one ready, and no more. */
  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(128 << 10, 512 << 10);

  private TunnelChannels() {}

  /** At most 256 KiB a turn are read, so that a bulk transfer leaves the loop to others. */
  static void configure(Channel channel) {
    channel
        .config()
        .setRecvByteBufAllocator(
            new AdaptiveRecvByteBufAllocator(2048, 16 << 10, MAX_READ_BYTES)
                .maxMessagesPerRead(READS_PER_TURN));
    channel.config().setWriteBufferWaterMark(WATER_MARK);
    channel.config().setOption(ChannelOption.TCP_NODELAY, true);
  }

  /** When the first of the two certificates of a connection ends. */
  static Instant certificatesEnd(SslHandler tls) throws SSLPeerUnverifiedException {
    SSLSession session = tls.engine().getSession();
    Instant peer = end(session.getPeerCertificates());
    Instant own = end(session.getLocalCertificates());
    return own.isBefore(peer) ? own : peer;
  }

  /** Does something at a time, unless the connection is closed by then. */
  static void at(ChannelHandlerContext ctx, InstantSource clock, Instant time, Runnable task) {
    long delayMillis = Duration.between(clock.instant(), time).toMillis();
    var scheduled = ctx.executor().schedule(task, delayMillis, TimeUnit.MILLISECONDS);
    ctx.channel().closeFuture().addListener(closed -> scheduled.cancel(false));
  }

  private static Instant end(Certificate @Nullable [] chain) {
    return chain != null && chain.length > 0 && chain[0] instanceof X509Certificate leaf
        ? leaf.getNotAfter().toInstant()
        : Instant.MAX;
  }
}
