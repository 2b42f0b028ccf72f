package io.weftmesh.ca.server;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.grpc.CallCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.weftmesh.ca.server.signing.CertificateRequests;
import io.weftmesh.ca.v1.Ack;
import io.weftmesh.ca.v1.CaptureReport;
import io.weftmesh.ca.v1.CertificateAuthorityGrpc;
import io.weftmesh.ca.v1.DirectoryMessage;
import io.weftmesh.ca.v1.DirectoryUpdate;
import io.weftmesh.ca.v1.NodeMessage;
import io.weftmesh.ca.v1.Open;
import io.weftmesh.ca.v1.SignRequest;
import io.weftmesh.ca.v1.SignResponse;
import io.weftmesh.ca.v1.TrustBundle;
import io.weftmesh.ca.v1.WithdrawRequest;
import io.weftmesh.ca.v1.Workload;
import io.weftmesh.ca.v1.WorkloadDirectoryGrpc;
import io.weftmesh.ca.v1.WorkloadState;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.function.Supplier;

/** A node proxy as the ca sees it: calls over real connections, and what it was told. */
final class TestNode implements AutoCloseable {
  private static final EventLoopGroup LOOPS =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

  private final ManagedChannel channel;
  private final CallCredentials credentials;

  TestNode(int port, Path bundle, Supplier<String> token) throws Exception {
    this.channel =
        NettyChannelBuilder.forAddress(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
            .eventLoopGroup(LOOPS)
            .channelType(NioSocketChannel.class)
            .sslContext(GrpcSslContexts.forClient().trustManager(bundle.toFile()).build())
            .build();
    this.credentials = new Bearer(token);
  }

  private static final class Bearer extends CallCredentials {
    private final Supplier<String> token;

    Bearer(Supplier<String> token) {
      this.token = token;
    }

    @Override
    public void applyRequestMetadata(
        RequestInfo requestInfo, Executor executor, MetadataApplier applier) {
      Metadata headers = new Metadata();
      headers.put(
          Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
          "Bearer " + token.get());
      applier.apply(headers);
    }
  }

  SignResponse sign(String spiffeId) throws Exception {
    return sign(spiffeId, CertificateRequests.p256());
  }

  SignResponse sign(String spiffeId, byte[] csr) {
    return CertificateAuthorityGrpc.newBlockingStub(channel)
        .withCallCredentials(credentials)
        .withDeadlineAfter(20, SECONDS)
        .sign(
            SignRequest.newBuilder()
                .setSpiffeId(spiffeId)
                .setCsr(ByteString.copyFrom(csr))
                .build());
  }

  boolean withdraw(String podUid) {
    return WorkloadDirectoryGrpc.newBlockingStub(channel)
        .withCallCredentials(credentials)
        .withDeadlineAfter(20, SECONDS)
        .withdraw(WithdrawRequest.newBuilder().setPodUid(podUid).build())
        .getAcknowledgedByAll();
  }

  Future<Boolean> withdrawLater(String podUid) {
    CompletableFuture<Boolean> later = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            later.complete(withdraw(podUid));
          } catch (RuntimeException e) {
            later.completeExceptionally(e);
          }
        });
    return later;
  }

  Watch watch() {
    return watch(0, 0);
  }

  Watch watch(long epoch, long version) {
    return watch("p1", epoch, version);
  }

  Watch watch(String process, long epoch, long version) {
    return watchBeginningWith(
        NodeMessage.newBuilder()
            .setOpen(Open.newBuilder().setProcess(process).setEpoch(epoch).setVersion(version))
            .build());
  }

  Watch watchBeginningWith(NodeMessage first) {
    Watch watch = new Watch();
    synchronized (watch) {
      watch.out =
          WorkloadDirectoryGrpc.newStub(channel).withCallCredentials(credentials).watch(watch);
      watch.send(first);
    }
    return watch;
  }

  /** A Watch stream that keeps what it is told, and acknowledges it unless told not to. */
  static final class Watch implements StreamObserver<DirectoryMessage> {
    private StreamObserver<NodeMessage> out;
    private final Map<String, Workload> workloads = new TreeMap<>();
    private volatile boolean acknowledging = true;
    private TrustBundle bundle = TrustBundle.getDefaultInstance();
    private long epoch;
    private long version;
    private int fullStates;
    private boolean whole;
    private Status end;

    @Override
    public synchronized void onNext(DirectoryMessage message) {
      switch (message.getMessageCase()) {
        case BUNDLE -> bundle = message.getBundle();
        case UPDATE -> take(message.getUpdate());
        case MESSAGE_NOT_SET -> throw new AssertionError("empty message");
      }
      if (acknowledging) {
        acknowledge();
      }
    }

    private void take(DirectoryUpdate update) {
      if (update.getFull()) {
        workloads.clear();
        fullStates++;
      }
      update.getWorkloadsList().forEach(workload -> workloads.put(workload.getPodUid(), workload));
      update.getRemovedPodUidsList().forEach(workloads::remove);
      epoch = update.getEpoch();
      version = update.getVersion();
      whole = update.getLast();
    }

    synchronized void acknowledge() {
      send(
          NodeMessage.newBuilder()
              .setAck(
                  Ack.newBuilder()
                      .setVersion(whole ? version : 0)
                      .setBundleVersion(bundle.getVersion()))
              .build());
    }

    void acknowledging(boolean now) {
      acknowledging = now;
    }

    void captured(String podUid) {
      send(
          NodeMessage.newBuilder()
              .setCaptured(CaptureReport.newBuilder().setPodUid(podUid))
              .build());
    }

    synchronized void send(NodeMessage message) {
      out.onNext(message);
    }

    synchronized void end() {
      out.onCompleted();
    }

    @Override
    public synchronized void onError(Throwable failure) {
      end = Status.fromThrowable(failure);
    }

    @Override
    public synchronized void onCompleted() {
      end = Status.OK;
    }

    synchronized Map<String, Workload> workloads() {
      return new TreeMap<>(workloads);
    }

    /** The states of the pods that it knows, by UID. */
    synchronized Map<String, WorkloadState> states() {
      Map<String, WorkloadState> states = new TreeMap<>();
      workloads.forEach((uid, workload) -> states.put(uid, workload.getState()));
      return states;
    }

    synchronized TrustBundle bundle() {
      return bundle;
    }

    synchronized long epoch() {
      return epoch;
    }

    synchronized long version() {
      return version;
    }

    synchronized int fullStates() {
      return fullStates;
    }

    synchronized Status status() {
      return end;
    }

    Watch awaitWhole() {
      await()
          .until(() -> {
            synchronized (this) {
              return whole;
            }
          });
      return this;
    }
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
