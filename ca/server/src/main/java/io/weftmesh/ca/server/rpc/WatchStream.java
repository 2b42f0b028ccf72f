package io.weftmesh.ca.server.rpc;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.weftmesh.ca.server.directory.Directory;
import io.weftmesh.ca.server.directory.Outlet;
import io.weftmesh.ca.server.directory.WatchSession;
import io.weftmesh.ca.server.node.NodeCaller;
import io.weftmesh.ca.server.node.RefusedException;
import io.weftmesh.ca.v1.DirectoryMessage;
import io.weftmesh.ca.v1.NodeMessage;
import io.weftmesh.ca.v1.Open;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One Watch call. The node's messages are taken one at a time, the next when one has been worked
 * through, and ours are sent as the stream takes them: neither side can make the other buffer.
 *
 * <p>gRPC calls the methods of a stream one at a time; {@link Outlet}'s are called by the session,
 * under its lock.
 */
final class WatchStream implements StreamObserver<NodeMessage>, Outlet {
  /** A name that the node's own code made up. */
  private static final int MAX_PROCESS_CHARACTERS = 128;

  private final NodeCaller caller;
  private final Directory directory;
  private final Refusals refusals;
  private final ServerCallStreamObserver<DirectoryMessage> stream;
  private @Nullable WatchSession session;
  private final AtomicBoolean finished = new AtomicBoolean();
  private boolean ended;

  WatchStream(
      NodeCaller caller,
      Directory directory,
      Refusals refusals,
      ServerCallStreamObserver<DirectoryMessage> stream) {
    this.caller = caller;
    this.directory = directory;
    this.refusals = refusals;
    this.stream = stream;
    stream.disableAutoRequest();
    stream.setOnReadyHandler(this::pump);
    stream.setOnCancelHandler(this::end);
    stream.setOnCloseHandler(this::end);
    stream.request(1);
  }

  @Override
  public void onNext(NodeMessage message) {
    if (ended) {
      return;
    }
    WatchSession open = session;
    if (open == null) {
      open(message);
      return;
    }
    switch (message.getMessageCase()) {
      case OPEN -> fail(Status.INVALID_ARGUMENT.withDescription("a stream is opened once"));
      case ACK -> {
        open.acknowledge(message.getAck().getVersion(), message.getAck().getBundleVersion());
        stream.request(1);
      }
      case CAPTURED ->
          directory.captured(caller, message.getCaptured().getPodUid(), () -> stream.request(1));
      // Of a newer node.
      case MESSAGE_NOT_SET -> stream.request(1);
    }
  }

  private void open(NodeMessage message) {
    Open open = message.getOpen();
    if (!message.hasOpen()
        || open.getProcess().isEmpty()
        || open.getProcess().length() > MAX_PROCESS_CHARACTERS) {
      fail(
          Status.INVALID_ARGUMENT.withDescription(
              "the first message must be Open with a process of 1 to "
                  + MAX_PROCESS_CHARACTERS
                  + " characters"));
      return;
    }
    try {
      session = directory.open(caller, open, this);
      pump();
      stream.request(1);
    } catch (RefusedException e) {
      fail(refusals.refuse("Watch", caller, e));
    }
  }

  private void pump() {
    WatchSession open = session;
    if (open != null) {
      open.pump();
    }
  }

  @Override
  public void onError(Throwable failure) {
    end();
  }

  @Override
  public void onCompleted() {
    if (!ended) {
      end();
      if (!finished.getAndSet(true)) {
        stream.onCompleted();
      }
    }
  }

  private void fail(Status status) {
    end();
    finish(status);
  }

  /** The call's own thread and the directory may both come to this, and a call ends once. */
  private void finish(Status status) {
    if (!finished.getAndSet(true)) {
      stream.onError(status.asRuntimeException());
    }
  }

  private void end() {
    ended = true;
    WatchSession open = session;
    session = null;
    if (open != null) {
      directory.closed(open);
    }
  }

  @Override
  public boolean isReady() {
    return stream.isReady();
  }

  @Override
  public void send(DirectoryMessage message) {
    stream.onNext(message);
  }

  @Override
  public void refuse() {
    finish(Refusals.opaque());
  }

  @Override
  public void replaced() {
    finish(Status.ABORTED.withDescription("the same process has opened another stream"));
  }
}
