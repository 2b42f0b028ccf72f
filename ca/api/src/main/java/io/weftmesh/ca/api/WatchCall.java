package io.weftmesh.ca.api;

import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.weftmesh.ca.v1.DirectoryMessage;
import io.weftmesh.ca.v1.NodeMessage;
import io.weftmesh.ca.v1.WorkloadDirectoryGrpc.WorkloadDirectoryStub;
import org.jspecify.annotations.Nullable;

/**
 * One Watch call of gRPC. Its events are carried to the control thread; the next message is asked
 * for when the last one has been worked through, so that nothing piles up on the way.
 */
final class WatchCall
    implements DirectoryWatch.Stream, ClientResponseObserver<NodeMessage, DirectoryMessage> {
  private final ControlThread control;
  private final DirectoryWatch.Events events;
  private @Nullable ClientCallStreamObserver<NodeMessage> requests;

  private WatchCall(ControlThread control, DirectoryWatch.Events events) {
    this.control = control;
    this.events = events;
  }

  static WatchCall open(
      WorkloadDirectoryStub stub, ControlThread control, DirectoryWatch.Events events) {
    WatchCall call = new WatchCall(control, events);
    try {
      var _ = stub.watch(call);
    } catch (RuntimeException e) {
      call.onError(e);
    }
    return call;
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<NodeMessage> stream) {
    requests = stream;
    stream.disableAutoRequestWithInitial(1);
  }

  @Override
  public void send(NodeMessage message) {
    if (requests != null) {
      requests.onNext(message);
    }
  }

  @Override
  public void request() {
    if (requests != null) {
      requests.request(1);
    }
  }

  @Override
  public void cancel(String why) {
    if (requests != null) {
      requests.cancel(why, null);
    }
  }

  @Override
  public void onNext(DirectoryMessage message) {
    control.execute(() -> events.onMessage(message));
  }

  @Override
  public void onError(Throwable failure) {
    control.execute(() -> events.onEnd(Status.fromThrowable(failure)));
  }

  @Override
  public void onCompleted() {
    control.execute(
        () -> events.onEnd(Status.UNAVAILABLE.withDescription("the ca has ended the stream")));
  }
}
