package io.weftmesh.ca.api;

import com.google.protobuf.ByteString;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.weftmesh.ca.fixtures.TestSvid;
import io.weftmesh.ca.v1.CertificateAuthorityGrpc;
import io.weftmesh.ca.v1.DirectoryMessage;
import io.weftmesh.ca.v1.NodeMessage;
import io.weftmesh.ca.v1.SignRequest;
import io.weftmesh.ca.v1.SignResponse;
import io.weftmesh.ca.v1.WithdrawRequest;
import io.weftmesh.ca.v1.WithdrawResponse;
import io.weftmesh.ca.v1.WorkloadDirectoryGrpc;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A ca on a real port, that says what a test wants. */
final class FakeCa implements AutoCloseable {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  final BlockingQueue<NodeMessage> heard = new LinkedBlockingQueue<>();
  final List<String> tokens = new CopyOnWriteArrayList<>();
  final List<StreamObserver<DirectoryMessage>> streams = new CopyOnWriteArrayList<>();
  volatile Status signing = Status.OK;

  private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Server server;
  private final int port;

  FakeCa(TestSvid svid, int wantedPort) throws IOException {
    server =
        NettyServerBuilder.forAddress(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), wantedPort))
            .channelType(NioServerSocketChannel.class)
            .bossEventLoopGroup(loop)
            .workerEventLoopGroup(loop)
            .sslContext(
                SslContextBuilder.forServer(
                        svid.key(), svid.chain().toArray(X509Certificate[]::new))
                    // The JDK's, unlike the client's: two makers' TLS have to get on.
                    .sslProvider(SslProvider.JDK)
                    .protocols("TLSv1.3")
                    .applicationProtocolConfig(
                        new ApplicationProtocolConfig(
                            ApplicationProtocolConfig.Protocol.ALPN,
                            ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                            ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                            "h2"))
                    .build())
            .permitKeepAliveTime(1, TimeUnit.SECONDS)
            .intercept(new Tokens())
            .addService(new Signing())
            .addService(new Directory())
            .directExecutor()
            .build()
            .start();
    this.port = server.getPort();
  }

  int port() {
    return port;
  }

  NodeMessage hears() throws InterruptedException {
    NodeMessage message = heard.poll(20, TimeUnit.SECONDS);
    if (message == null) {
      throw new AssertionError("the node says nothing");
    }
    return message;
  }

  void says(DirectoryMessage.Builder message) {
    streams.getLast().onNext(message.build());
  }

  @Override
  public void close() {
    server.shutdownNow();
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private final class Tokens implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      tokens.add(String.valueOf(headers.get(AUTHORIZATION)));
      return next.startCall(call, headers);
    }
  }

  private final class Signing extends CertificateAuthorityGrpc.CertificateAuthorityImplBase {
    @Override
    public void sign(SignRequest request, StreamObserver<SignResponse> response) {
      if (signing.isOk()) {
        response.onNext(
            SignResponse.newBuilder()
                .addChain(ByteString.copyFromUtf8(request.getSpiffeId()))
                .addChain(request.getCsr())
                .build());
        response.onCompleted();
      } else {
        response.onError(signing.asRuntimeException());
      }
    }
  }

  private final class Directory extends WorkloadDirectoryGrpc.WorkloadDirectoryImplBase {
    @Override
    public StreamObserver<NodeMessage> watch(StreamObserver<DirectoryMessage> response) {
      streams.add(response);
      return new StreamObserver<>() {
        @Override
        public void onNext(NodeMessage message) {
          heard.add(message);
        }

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onCompleted() {}
      };
    }

    @Override
    public void withdraw(WithdrawRequest request, StreamObserver<WithdrawResponse> response) {
      response.onNext(
          WithdrawResponse.newBuilder()
              .setAcknowledgedByAll(request.getPodUid().equals("acknowledged"))
              .build());
      response.onCompleted();
    }
  }
}
