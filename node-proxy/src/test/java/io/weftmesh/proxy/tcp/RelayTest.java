package io.weftmesh.proxy.tcp;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.weftmesh.proxy.telemetry.Counter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real sockets: what a relay must get right is what kernels and Netty do at the edges. */
@Timeout(60)
final class RelayTest {
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final EventLoopGroup loop =
      new MultiThreadIoEventLoopGroup(
          1, new DefaultThreadFactory("relay-test"), PausableEpoll.newFactory());
  private final List<Channel> channels = new CopyOnWriteArrayList<>();
  private final Tally sent = new Tally();
  private final Tally received = new Tally();
  private final CompletableFuture<Relay.End> ended = new CompletableFuture<>();
  private final AtomicLong mostInOneTurn = new AtomicLong();
  private @Nullable Duration idleTimeout;
  private ServerSocket application;
  private Channel proxy;

  @BeforeEach
  void start() throws IOException {
    application = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    proxy = new EpollServerSocketChannel();
    proxy
        .pipeline()
        .addLast(
            new ChannelInboundHandlerAdapter() {
              @Override
              public void channelRead(ChannelHandlerContext ctx, Object accepted) {
                relay((EpollSocketChannel) accepted);
              }
            });
    loop.register(proxy).syncUninterruptibly();
    proxy.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)).syncUninterruptibly();
  }

  @AfterEach
  void stop() throws IOException {
    application.close();
    threads.shutdownNow();
    loop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @Test
  void passesTheEndOfOneDirectionOnAndKeepsTheOther() throws Exception {
    try (Socket client = connect();
        Socket server = application.accept()) {
      client.getOutputStream().write("question".getBytes(US_ASCII));
      client.shutdownOutput();

      assertThat(new String(server.getInputStream().readAllBytes(), US_ASCII))
          .isEqualTo("question");
      assertThat(ended).isNotDone();

      server.getOutputStream().write("answer".getBytes(US_ASCII));
      server.shutdownOutput();
      assertThat(new String(client.getInputStream().readAllBytes(), US_ASCII)).isEqualTo("answer");
    }

    await().until(ended::isDone);
    assertThat(ended).isCompletedWithValue(Relay.End.FINISHED);
    assertThat(sent.get()).isEqualTo(8);
    assertThat(received.get()).isEqualTo(6);
    await().untilAsserted(() -> assertThat(channels).noneMatch(Channel::isOpen));
  }

  @Test
  void carriesManyBytesBothWaysExactlyWithASlowReader() throws Exception {
    int size = 32 << 20;
    try (Socket client = connect();
        Socket server = application.accept()) {
      var fromClient = async(() -> digest(server, 256));
      var fromServer = async(() -> digest(client, 64 << 10));
      var serverSent = async(() -> send(server, size, 1));
      String clientSent = send(client, size, 2);

      assertThat(fromClient.get()).isEqualTo(clientSent);
      assertThat(fromServer.get()).isEqualTo(serverSent.get());
    }
    await().until(ended::isDone);
    assertThat(ended).isCompletedWithValue(Relay.End.FINISHED);
    assertThat(sent.get()).isEqualTo(size);
  }

  @Test
  void stopsReadingWhenNobodyTakesTheBytes() throws Exception {
    int size = 64 << 20;
    try (Socket client = connect();
        Socket server = application.accept()) {
      var done = async(() -> send(client, size, 3));
      awaitStandstill();
      long pending = pendingBytes();
      assertThat(done).isNotDone();
      assertThat(pending).isLessThan(512 << 10);

      assertThat(digest(server, 64 << 10)).isEqualTo(done.get());
    }
  }

  @Test
  void holdsALimitedNumberOfBytesOfASenderThatHasFinishedToo() throws Exception {
    try (Socket client = connect();
        Socket server = application.accept()) {
      var done = async(() -> send(client, 5 << 20, 4));
      awaitStandstill();
      assertThat(pendingBytes()).isLessThan(512 << 10);

      assertThat(digest(server, 64 << 10)).isEqualTo(done.get());
      assertThat(mostInOneTurn.get()).isBetween(1L, 128L << 10);
    }
  }

  @Test
  void noticesAResetWhileReadingIsOff() throws Exception {
    try (Socket client = connect();
        Socket server = application.accept()) {
      var stuck = async(() -> send(client, 64 << 20, 6));
      awaitStandstill();

      reset(client);

      assertThat(ended.get()).isEqualTo(Relay.End.RESET);
      assertThat(stuck).failsWithin(Duration.ofSeconds(5));
      assertThat(server.isConnected()).isTrue();
    }
  }

  @Test
  void resetsTheOtherSideWhenOneIsReset() throws Exception {
    try (Socket client = connect();
        Socket server = application.accept()) {
      client.getOutputStream().write(1);
      assertThat(server.getInputStream().read()).isEqualTo(1);

      reset(client);

      assertThatThrownBy(() -> server.getInputStream().read())
          .isInstanceOf(SocketException.class)
          .hasMessageContaining("reset");
    }
    assertThat(ended.get()).isEqualTo(Relay.End.RESET);
    await().untilAsserted(() -> assertThat(channels).noneMatch(Channel::isOpen));
  }

  @Test
  void resetsTheClientWhenTheServerResetsAfterAHalfClose() throws Exception {
    try (Socket client = connect();
        Socket server = application.accept()) {
      client.shutdownOutput();
      assertThat(server.getInputStream().read()).isEqualTo(-1);

      reset(server);

      assertThatThrownBy(() -> client.getInputStream().read())
          .isInstanceOf(SocketException.class)
          .hasMessageContaining("reset");
    }
    assertThat(ended.get()).isEqualTo(Relay.End.RESET);
  }

  @Test
  void resetsBothWhenIdleForTooLong() throws Exception {
    idleTimeout = Duration.ofMillis(50);
    try (Socket client = connect();
        Socket server = application.accept()) {
      server.getOutputStream().write(1);
      assertThat(client.getInputStream().read()).isEqualTo(1);

      assertThatThrownBy(() -> client.getInputStream().read())
          .isInstanceOf(SocketException.class)
          .hasMessageContaining("reset");
    }
    assertThat(ended.get()).isEqualTo(Relay.End.IDLE);
  }

  @Test
  void movesALimitedNumberOfBytesInOneTurnOfTheLoop() throws Exception {
    try (Socket client = connect();
        Socket server = application.accept()) {
      int size = 64 << 20;
      var sending =
          async(() -> {
            try {
              client.getOutputStream().write(new byte[size]);
              return size;
            } catch (IOException failure) {
              throw new UncheckedIOException(failure);
            }
          });
      server.getInputStream().skipNBytes(size);

      assertThat(sending.get()).isEqualTo(size);
      assertThat(mostInOneTurn.get()).isBetween(1L, 128L << 10);
    }
  }

  private Socket connect() throws IOException {
    return new Socket(
        InetAddress.getLoopbackAddress(), ((InetSocketAddress) proxy.localAddress()).getPort());
  }

  private void relay(EpollSocketChannel client) {
    client.pipeline().addLast(new TurnMeter());
    var upstream = new EpollSocketChannel();
    for (Channel channel : List.of(client, upstream)) {
      Sockets.configure(channel);
      channel.config().setAutoRead(false);
      channels.add(channel);
      loop.register(channel);
    }
    upstream
        .connect(application.getLocalSocketAddress())
        .addListener(connected ->
            Relay.start(client, upstream, sent, received, idleTimeout, ended::complete));
  }

  /** Waits until no byte has moved between two looks. */
  private void awaitStandstill() {
    var before = new AtomicLong(-1);
    await()
        .pollDelay(Duration.ofMillis(200))
        .pollInterval(Duration.ofMillis(200))
        .until(() -> sent.get() > 0 && before.getAndSet(sent.get()) == sent.get());
  }

  private long pendingBytes() {
    return channels.stream()
        .map(channel -> channel.unsafe().outboundBuffer())
        .filter(Objects::nonNull)
        .mapToLong(ChannelOutboundBuffer::totalPendingWriteBytes)
        .sum();
  }

  private <T> CompletableFuture<T> async(Supplier<T> work) {
    return CompletableFuture.supplyAsync(work, threads);
  }

  private static void reset(Socket socket) throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  private static String send(Socket socket, int size, long seed) {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      var random = new Random(seed);
      OutputStream out = socket.getOutputStream();
      byte[] block = new byte[64 << 10];
      for (int written = 0; written < size; written += block.length) {
        random.nextBytes(block);
        digest.update(block);
        out.write(block);
      }
      socket.shutdownOutput();
      return HexFormat.of().formatHex(digest.digest());
    } catch (Exception failure) {
      throw new IllegalStateException(failure);
    }
  }

  private static String digest(Socket socket, int blockSize) {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      InputStream in = socket.getInputStream();
      byte[] block = new byte[blockSize];
      for (int read = in.read(block); read >= 0; read = in.read(block)) {
        digest.update(block, 0, read);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (Exception failure) {
      throw new IllegalStateException(failure);
    }
  }

  /** A turn of the loop reads a channel until it says that the read is complete. */
  private final class TurnMeter extends ChannelInboundHandlerAdapter {
    private long bytes;

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      bytes += ((ByteBuf) message).readableBytes();
      ctx.fireChannelRead(message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      mostInOneTurn.accumulateAndGet(bytes, Math::max);
      bytes = 0;
      ctx.fireChannelReadComplete();
    }
  }

  private static final class Tally implements Counter {
    private final AtomicLong value = new AtomicLong();

    @Override
    public void increment() {
      add(1);
    }

    @Override
    public void add(double amount) {
      value.addAndGet((long) amount);
    }

    long get() {
      return value.get();
    }
  }
}
