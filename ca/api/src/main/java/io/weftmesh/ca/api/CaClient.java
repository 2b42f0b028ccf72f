package io.weftmesh.ca.api;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Status;
import io.weftmesh.ca.v1.CertificateAuthorityGrpc;
import io.weftmesh.ca.v1.DirectoryUpdate;
import io.weftmesh.ca.v1.SignRequest;
import io.weftmesh.ca.v1.SignResponse;
import io.weftmesh.ca.v1.WithdrawRequest;
import io.weftmesh.ca.v1.WithdrawResponse;
import io.weftmesh.ca.v1.WorkloadDirectoryGrpc;
import java.io.Closeable;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The node's side of the ca: signing, the workload directory, and reports of captured pods, over
 * one connection that is made again whenever it is lost. A ca that is dead or frozen is noticed
 * within 20 s; nothing that it said before is forgotten then.
 *
 * <p>Thread-safe; never blocks, but for reading small files. The listener is called on the control
 * thread.
 */
public final class CaClient implements Closeable {
  /** A ca that is there signs within milliseconds. */
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(10);

  private final CaSettings settings;
  private final ControlThread control;
  private final CaListener listener;
  private final CaTrust trust;
  private final CaConnection connection;
  private final Channel channel;
  private final DirectoryWatch watch;

  /**
   * Does nothing before {@link #start}.
   *
   * @param random numbers from 0 to 1, for the jitter
   */
  public CaClient(
      CaSettings settings, ControlThread control, CaListener listener, DoubleSupplier random) {
    this.settings = settings;
    this.control = control;
    this.listener = listener;
    this.trust = new CaTrust(settings.trustDomain(), settings.bundleFile());
    this.connection = new CaConnection(settings, this::verify);
    this.channel =
        ClientInterceptors.intercept(connection.channel(), new BearerToken(settings.tokenFile()));
    this.watch = new DirectoryWatch(settings, this::open, new Learning(), control, random);
  }

  /** Connects, and stays connected as far as that is possible. */
  public void start() {
    control.execute(watch::connect);
  }

  /**
   * Asks for a certificate.
   *
   * @param request PKCS #10, DER
   * @return the chain in DER, the leaf first; fails with {@link CaException}
   */
  public CompletionStage<List<byte[]>> sign(SpiffeId id, byte[] request) {
    SignRequest message =
        SignRequest.newBuilder()
            .setSpiffeId(id.toString())
            .setCsr(UnsafeByteOperations.unsafeWrap(request))
            .build();
    return call(
        () ->
            CertificateAuthorityGrpc.newFutureStub(channel)
                .withDeadlineAfter(CALL_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                .sign(message),
        CaClient::chain);
  }

  private static List<byte[]> chain(SignResponse response) {
    return response.getChainList().stream().map(ByteString::toByteArray).toList();
  }

  /**
   * A pod of this node is captured: told to the ca now and after each reconnect, until it is
   * withdrawn or gone.
   */
  public void captured(String podUid) {
    control.execute(() -> watch.captured(podUid));
  }

  /** A pod of this node has ended: the ca sees that itself. */
  public void gone(String podUid) {
    control.execute(() -> watch.forget(podUid));
  }

  /**
   * Takes a pod of this node out of the directory, and is not tried again by itself.
   *
   * @return true when every connected node has acknowledged that, false when two seconds passed
   *     before; fails with {@link CaException}, and then peers may still take the pod for captured
   */
  public CompletionStage<Boolean> withdraw(String podUid) {
    control.execute(() -> watch.forget(podUid));
    WithdrawRequest message = WithdrawRequest.newBuilder().setPodUid(podUid).build();
    return call(
        () ->
            WorkloadDirectoryGrpc.newFutureStub(channel)
                .withDeadlineAfter(CALL_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                .withdraw(message),
        WithdrawResponse::getAcknowledgedByAll);
  }

  @Override
  public void close() {
    control.execute(watch::close);
    connection.close();
  }

  private void verify(List<byte[]> chain) throws InvalidSvidException {
    new SvidValidator(trust.bundles(), control).validate(chain, settings.caId());
  }

  private DirectoryWatch.Stream open(DirectoryWatch.Events events) {
    connection.tryAgainNow();
    return WatchCall.open(WorkloadDirectoryGrpc.newStub(channel), control, events);
  }

  private <R, T> CompletionStage<T> call(
      Supplier<ListenableFuture<R>> start, Function<R, T> answer) {
    CompletableFuture<T> result = new CompletableFuture<>();
    try {
      ListenableFuture<R> response = start.get();
      response.addListener(() -> complete(result, response, answer), Runnable::run);
    } catch (RuntimeException e) {
      result.completeExceptionally(refusal(e));
    }
    return result;
  }

  private <R, T> void complete(
      CompletableFuture<T> result, ListenableFuture<R> response, Function<R, T> answer) {
    try {
      result.complete(answer.apply(Futures.getDone(response)));
    } catch (ExecutionException | RuntimeException e) {
      result.completeExceptionally(refusal(e));
    }
  }

  private CaException refusal(Throwable failure) {
    Status status = Status.fromThrowable(failure);
    return new CaException(
        status.getCode().name().toLowerCase(Locale.ROOT),
        String.format(
            Locale.ROOT,
            "the ca at %s:%d answered %s: %s",
            settings.host(),
            settings.port(),
            status.getCode(),
            Printable.of(String.valueOf(status.getDescription()))),
        failure);
  }

  /** Learns the roots for the next connect before anybody else does. */
  private final class Learning implements CaListener {
    @Override
    public void onBundle(TrustBundle bundle) {
      trust.learn(bundle);
      listener.onBundle(bundle);
    }

    @Override
    public void onUpdate(DirectoryUpdate update) {
      listener.onUpdate(update);
    }

    @Override
    public void onConnected() {
      listener.onConnected();
    }

    @Override
    public void onDisconnected(String reason) {
      listener.onDisconnected(reason);
    }
  }
}
