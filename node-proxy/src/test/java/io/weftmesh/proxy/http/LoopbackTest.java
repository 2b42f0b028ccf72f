package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.Protocol;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.policy.model.TrafficLimits;
import io.weftmesh.proxy.balance.Balancers;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.EndpointSet;
import io.weftmesh.proxy.balance.ServiceControls;
import io.weftmesh.proxy.balance.ServiceLimits;
import io.weftmesh.proxy.balance.ServiceLimits.Use;
import io.weftmesh.proxy.routing.Destination;
import io.weftmesh.proxy.routing.IpFamily;
import io.weftmesh.proxy.routing.Security;
import io.weftmesh.proxy.routing.ServicePort;
import io.weftmesh.proxy.routing.Snapshot;
import io.weftmesh.proxy.routing.SnapshotHolder;
import io.weftmesh.proxy.telemetry.Metrics;
import io.weftmesh.proxy.tunnel.Unreachable;
import io.weftmesh.proxy.tunnel.Upstream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real sockets, real clients and servers, several event loops. */
@Timeout(60)
@SuppressWarnings("StringConcatToTextBlock") // lines on the wire end in CR LF
class LoopbackTest {
  private static final ServicePortKey SERVICE = new ServicePortKey("shop", "cart", 80);

  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false);
  private final SnapshotHolder snapshots = new SnapshotHolder();
  private final Balancers<Backend.Service> balancers =
      new Balancers<>(System::nanoTime, new Random(1));
  private final ServiceControls<ServiceKey> controls = new ServiceControls<>(System::nanoTime);
  private BackendSettings settings = BackendSettings.DEFAULT;
  private final AtomicInteger upstreams = new AtomicInteger();
  private final Metrics metrics = new Metrics();
  private ClientPod pod;
  private final List<AutoCloseable> open = new ArrayList<>();
  private InetSocketAddress proxyAddress;

  @BeforeEach
  void startProxy() throws Exception {
    var proxy =
        new HttpProxy(
            HttpSettings.DEFAULT,
            snapshots,
            balancers,
            controls,
            new HttpMetrics(metrics),
            new Random(2));
    pod = proxy.clientPod(Mesh.workload(), new PlainDialer(), () -> false);
    Channel listener =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .childOption(ChannelOption.ALLOCATOR, allocator)
            .childOption(ChannelOption.AUTO_READ, false)
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    proxy.install(channel, context());
                  }
                })
            .bind(InetAddress.getLoopbackAddress(), 0)
            .sync()
            .channel();
    proxyAddress = (InetSocketAddress) listener.localAddress();
    open.add(() -> listener.close().sync());
  }

  @AfterEach
  void stopAndCount() throws Exception {
    for (AutoCloseable closeable : open.reversed()) {
      closeable.close();
    }
    pod.close();
    await().untilAsserted(() -> assertThat(pod.upstreams()).isZero());
    assertThat(limits().held(Use.CONNECTION)).isZero();
    assertThat(limits().connections().waiting()).isZero();
    await()
        .untilAsserted(() ->
            assertThat(allocator.metric().usedHeapMemory())
                .describedAs("bytes in buffers that nobody released")
                .isZero());
    assertThat(metric("weft_http_faults_total", "")).isZero();
    threads.shutdownNow();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
  }

  private OutboundContext context() {
    return new OutboundContext(
        pod,
        new Destination.ServiceDestination(
            new ServicePort(SERVICE, "http", Protocol.HTTP, Duration.ZERO), IpFamily.IPV4),
        Mesh.address("10.96.0.1", 80));
  }

  @Test
  void carriesManyRequestsOfManySizesAtOnceWithoutAFault() throws Exception {
    serve(httpServer(), httpServer(), httpServer());
    var faults = new AtomicInteger();
    var done = new AtomicInteger();
    List<java.util.concurrent.Future<?>> clients = new ArrayList<>();
    for (int c = 0; c < 8; c++) {
      int seed = c;
      clients.add(
          threads.submit(() -> {
            try (HttpClient client = httpClient()) {
              var random = new Random(seed);
              for (int i = 0; i < 60; i++) {
                byte[] body = new byte[random.nextInt(6) == 0 ? 700_000 : random.nextInt(3000)];
                random.nextBytes(body);
                boolean chunked = random.nextBoolean();
                HttpResponse<byte[]> answer =
                    client.send(
                        HttpRequest.newBuilder(uri("/echo"))
                            .POST(
                                chunked
                                    ? BodyPublishers.ofByteArrays(List.of(body))
                                    : BodyPublishers.ofByteArray(body))
                            .build(),
                        BodyHandlers.ofByteArray());
                if (answer.statusCode() != 200 || !Arrays.equals(answer.body(), body)) {
                  faults.incrementAndGet();
                }
                done.incrementAndGet();
              }
            }
            return null;
          }));
    }
    for (java.util.concurrent.Future<?> client : clients) {
      client.get();
    }

    assertThat(faults.get()).isZero();
    assertThat(done.get()).isEqualTo(480);
    assertThat(upstreams.get()).describedAs("upstream connections opened").isLessThan(100);
  }

  @Test
  void serversThatCloseTheirConnectionsAtAnyTimeAreNotNoticed() throws Exception {
    var random = new Random(4);
    serve(
        rawServer(socket -> {
          InputStream in = socket.getInputStream();
          OutputStream out = socket.getOutputStream();
          int left = random.nextInt(4);
          while (readHead(in).startsWith("GET ")) {
            out.write(ascii("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
            if (left-- == 0) {
              return;
            }
          }
        }));
    try (HttpClient client = httpClient()) {
      for (int i = 0; i < 300; i++) {
        HttpResponse<String> answer =
            client.send(HttpRequest.newBuilder(uri("/")).build(), BodyHandlers.ofString());
        assertThat(answer.statusCode()).isEqualTo(200);
      }
    }
  }

  @Test
  void webSocketsAndTheLikeGoThrough() throws Exception {
    serve(
        rawServer(socket -> {
          InputStream in = socket.getInputStream();
          OutputStream out = socket.getOutputStream();
          String head = readHead(in);
          assertThat(head).contains("\r\nUpgrade: chat/1\r\n", "\r\nConnection: Upgrade\r\n");
          out.write(
              ascii(
                  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: chat/1\r\n"
                      + "Connection: Upgrade\r\n\r\nwelcome"));
          in.transferTo(out);
          out.write(ascii("bye"));
        }));
    try (Socket client = connect()) {
      OutputStream out = client.getOutputStream();
      out.write(
          ascii(
              "GET /chat HTTP/1.1\r\nHost: cart\r\nConnection: keep-alive, Upgrade\r\n"
                  + "Upgrade: chat/1\r\n\r\nearly"));
      InputStream in = client.getInputStream();
      assertThat(readHead(in))
          .isEqualTo(
              "HTTP/1.1 101 Switching Protocols\r\nUpgrade: chat/1\r\n"
                  + "Connection: Upgrade\r\n\r\n");
      assertThat(read(in, 12)).isEqualTo("welcomeearly");
      out.write(new byte[] {0, 1, 2, (byte) 255});
      assertThat(in.readNBytes(4)).containsExactly(0, 1, 2, 255);
      client.shutdownOutput();
      assertThat(new String(in.readAllBytes(), StandardCharsets.US_ASCII)).isEqualTo("bye");
    }
    assertThat(metric("weft_switched_bytes_total{", "sent")).isEqualTo(9);
  }

  @Test
  void connectOpensATunnelThroughAProxyBehindUs() throws Exception {
    serve(
        rawServer(socket -> {
          InputStream in = socket.getInputStream();
          assertThat(readHead(in)).startsWith("CONNECT far:443 HTTP/1.1\r\n");
          socket.getOutputStream().write(ascii("HTTP/1.1 200 Connected\r\n\r\n"));
          in.transferTo(socket.getOutputStream());
        }));
    try (Socket client = connect()) {
      client.getOutputStream().write(ascii("CONNECT far:443 HTTP/1.1\r\nHost: far:443\r\n\r\n"));
      assertThat(readHead(client.getInputStream())).startsWith("HTTP/1.1 200 Connected\r\n");
      client.getOutputStream().write(ascii("GET / HTTP/1.1\r\n\r\n"));
      assertThat(read(client.getInputStream(), 18)).isEqualTo("GET / HTTP/1.1\r\n\r\n");
    }
  }

  @Test
  void aClientThatDoesNotReadHoldsItsServerUpAndNothingElse() throws Exception {
    var written = new AtomicLong();
    serve(
        rawServer(socket -> {
          readHead(socket.getInputStream());
          OutputStream out = socket.getOutputStream();
          out.write(ascii("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n"));
          byte[] piece = new byte[65536];
          while (true) {
            out.write(piece);
            written.addAndGet(piece.length);
          }
        }));
    try (Socket client = new Socket()) {
      client.setReceiveBufferSize(8192);
      client.connect(proxyAddress);
      client.getOutputStream().write(ascii("GET / HTTP/1.1\r\nHost: cart\r\n\r\n"));
      assertThat(read(client.getInputStream(), 15)).isEqualTo("HTTP/1.1 200 OK");

      // Until nothing moves any more.
      var last = new AtomicLong(-1);
      await()
          .pollInterval(Duration.ofMillis(200))
          .until(() -> last.getAndSet(written.get()) == written.get());

      assertThat(written.get()).isLessThan(16 << 20);
      assertThat(allocator.metric().usedHeapMemory()).isLessThan(1 << 20);
    }
  }

  @Test
  void anEndpointThatIsGoneIsRetriedOnAnother() throws Exception {
    var gone = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    InetSocketAddress closed = (InetSocketAddress) gone.getLocalSocketAddress();
    gone.close();
    serve(closed, httpServer());
    try (HttpClient client = httpClient()) {
      for (int i = 0; i < 30; i++) {
        HttpResponse<String> answer =
            client.send(
                HttpRequest.newBuilder(uri("/echo")).POST(BodyPublishers.ofString("a")).build(),
                BodyHandlers.ofString());
        assertThat(answer.body()).isEqualTo("a");
      }
    }
  }

  @Test
  void aClientThatResetsInTheMiddleLeavesNothingBehind() throws Exception {
    serve(httpServer());
    for (int i = 0; i < 100; i++) {
      Socket client = connect();
      client.setSoLinger(true, 0);
      String head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
      client.getOutputStream().write(ascii(head + "x".repeat(i * 900)));
      client.close();
    }

    await()
        .untilAsserted(() ->
            assertThat(
                    balancers
                        .of(new Backend.Service(SERVICE))
                        .loads(snapshots.get().endpoints(SERVICE, IpFamily.IPV4)))
                .allSatisfy(load -> assertThat(load.inHand()).isZero()));
  }

  @Test
  void noMoreConnectionsThanTheLimitAreOpenAndNoRequestIsLost() throws Exception {
    settings = Mesh.connections(3, TrafficLimits.UNLIMITED);
    var open = new AtomicInteger();
    var most = new AtomicInteger();
    Conversation counted =
        socket -> {
          most.accumulateAndGet(open.incrementAndGet(), Math::max);
          try {
            while (readHead(socket.getInputStream()).startsWith("GET ")) {
              socket.getOutputStream().write(ascii("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
            }
          } finally {
            open.decrementAndGet();
          }
        };
    serve(rawServer(counted), rawServer(counted));
    List<java.util.concurrent.Future<Integer>> clients = new ArrayList<>();
    for (int c = 0; c < 16; c++) {
      clients.add(
          threads.submit(() -> {
            int good = 0;
            try (HttpClient client = httpClient()) {
              for (int i = 0; i < 50; i++) {
                HttpRequest request = HttpRequest.newBuilder(uri("/")).build();
                good += client.send(request, BodyHandlers.ofString()).statusCode() == 200 ? 1 : 0;
              }
            }
            return good;
          }));
    }
    for (java.util.concurrent.Future<Integer> client : clients) {
      assertThat(client.get()).isEqualTo(50);
    }

    // A server may see the end of one connection after the beginning of the next.
    assertThat(most.get()).isBetween(1, 6);
    assertThat(upstreams.get()).describedAs("connections opened").isLessThan(400);
  }

  @Test
  void aSwitchedConnectionKeepsItsPlaceUntilItEnds() throws Exception {
    settings = Mesh.connections(1, TrafficLimits.UNLIMITED);
    serve(
        rawServer(socket -> {
          if (readHead(socket.getInputStream()).contains("Upgrade: chat")) {
            socket
                .getOutputStream()
                .write(
                    ascii(
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: chat\r\n"
                            + "Connection: Upgrade\r\n\r\n"));
            socket.getInputStream().transferTo(socket.getOutputStream());
          } else {
            socket.getOutputStream().write(ascii("HTTP/1.1 204 None\r\n\r\n"));
          }
        }));
    Socket second;
    try (Socket chat = connect()) {
      chat.getOutputStream()
          .write(
              ascii(
                  "GET / HTTP/1.1\r\nHost: cart\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n"));
      assertThat(readHead(chat.getInputStream())).startsWith("HTTP/1.1 101 ");
      assertThat(limits().held(Use.CONNECTION)).isEqualTo(1);

      second = connect();
      second.getOutputStream().write(ascii("GET / HTTP/1.1\r\nHost: cart\r\n\r\n"));
      await().until(() -> limits().connections().waiting() == 1);
      assertThat(upstreams.get()).isEqualTo(1);
    }
    assertThat(readHead(second.getInputStream())).startsWith("HTTP/1.1 204 ");
    second.close();
  }

  // --- who takes part ---

  private void serve(InetSocketAddress... addresses) {
    List<Endpoint> endpoints = new ArrayList<>();
    for (InetSocketAddress address : addresses) {
      endpoints.add(Endpoint.of(address));
    }
    snapshots.publish(
        new Snapshot.Builder(1)
            .servicePort(
                new ServicePort(SERVICE, "http", Protocol.HTTP, Duration.ZERO),
                List.of(InetAddress.ofLiteral("10.96.0.1")),
                EndpointSet.of(endpoints),
                EndpointSet.empty(),
                null)
            .backendSettings(SERVICE.service(), settings)
            .build());
  }

  private ServiceLimits limits() {
    return controls.limits(SERVICE.service());
  }

  private InetSocketAddress httpServer() throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
    server.createContext("/echo", LoopbackTest::echo);
    server.setExecutor(threads);
    server.start();
    open.add(() -> server.stop(0));
    return server.getAddress();
  }

  private static void echo(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    boolean chunked = body.length % 2 == 0;
    exchange.sendResponseHeaders(200, chunked || body.length == 0 ? 0 : body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private interface Conversation {
    void hold(Socket socket) throws IOException;
  }

  private InetSocketAddress rawServer(Conversation conversation) throws IOException {
    var server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
    open.add(server);
    threads.submit(() -> {
      while (true) {
        Socket socket = server.accept();
        threads.submit(() -> {
          try (socket) {
            conversation.hold(socket);
          }
          return null;
        });
      }
    });
    return (InetSocketAddress) server.getLocalSocketAddress();
  }

  private static HttpClient httpClient() {
    return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + proxyAddress.getPort() + path);
  }

  private Socket connect() throws IOException {
    return new Socket(proxyAddress.getAddress(), proxyAddress.getPort());
  }

  private static String readHead(InputStream in) throws IOException {
    var head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int b = in.read();
      if (b < 0) {
        break;
      }
      head.append((char) b);
    }
    return head.toString();
  }

  private static String read(InputStream in, int bytes) throws IOException {
    return new String(in.readNBytes(bytes), StandardCharsets.US_ASCII);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private double metric(String start, String containing) throws IOException {
    var text = new StringWriter();
    metrics.writeText(text);
    double sum = 0;
    for (String line : text.toString().lines().toList()) {
      if (line.startsWith(start) && line.contains(containing)) {
        sum += Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
      }
    }
    return sum;
  }

  private final class PlainDialer implements Dialer {
    @Override
    public Future<Upstream> connect(EventLoop loop, Endpoint endpoint) {
      Promise<Upstream> promise = loop.newPromise();
      ChannelFuture connect =
          new Bootstrap()
              .group(loop)
              .channel(NioSocketChannel.class)
              .option(ChannelOption.ALLOCATOR, allocator)
              .option(ChannelOption.AUTO_READ, false)
              .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
              .handler(new ChannelInboundHandlerAdapter())
              .connect(endpoint.address());
      connect.addListener(done -> {
        if (done.isSuccess()) {
          upstreams.incrementAndGet();
          promise.setSuccess(
              new Upstream((DuplexChannel) connect.channel(), Security.PLAINTEXT, null));
        } else {
          promise.setFailure(new Unreachable(Unreachable.Reason.REFUSED, done.cause().toString()));
        }
      });
      return promise;
    }

    @Override
    public boolean isStillRight(Endpoint endpoint, Security security) {
      return true;
    }
  }
}
