package io.weftmesh.ca.server.rpc;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.weftmesh.ca.server.directory.Directory;
import io.weftmesh.ca.server.node.NodeCaller;
import io.weftmesh.ca.server.node.RefusedException;
import io.weftmesh.ca.v1.DirectoryMessage;
import io.weftmesh.ca.v1.NodeMessage;
import io.weftmesh.ca.v1.WithdrawRequest;
import io.weftmesh.ca.v1.WithdrawResponse;
import io.weftmesh.ca.v1.WorkloadDirectoryGrpc;
import java.util.concurrent.Future;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The workload directory on the wire. */
final class DirectoryService extends WorkloadDirectoryGrpc.WorkloadDirectoryImplBase {
  private static final Logger log = LoggerFactory.getLogger(DirectoryService.class);

  private final Directory directory;
  private final Refusals refusals;

  DirectoryService(Directory directory, Refusals refusals) {
    this.directory = directory;
    this.refusals = refusals;
  }

  @Override
  public StreamObserver<NodeMessage> watch(StreamObserver<DirectoryMessage> responses) {
    // What a server method is given is always of this type, by the contract of grpc-stub.
    ServerCallStreamObserver<DirectoryMessage> stream =
        (ServerCallStreamObserver<DirectoryMessage>) responses;
    return new WatchStream(CallerInterceptor.caller(), directory, refusals, stream);
  }

  @Override
  public void withdraw(WithdrawRequest request, StreamObserver<WithdrawResponse> response) {
    NodeCaller caller = CallerInterceptor.caller();
    Future<?> _ =
        directory
            .withdraw(caller, request.getPodUid())
            .whenComplete((byAll, failure) -> {
              if (failure == null) {
                log.info(
                    "{} withdrew pod {}{}",
                    caller,
                    Refusals.printable(request.getPodUid()),
                    byAll ? "" : ", without every node's acknowledgement");
                response.onNext(WithdrawResponse.newBuilder().setAcknowledgedByAll(byAll).build());
                response.onCompleted();
              } else if (failure instanceof RefusedException refused) {
                response.onError(refusals.refuse("Withdraw", caller, refused).asRuntimeException());
              } else {
                response.onError(
                    Status.UNAVAILABLE
                        .withDescription("the ca is unable to withdraw now")
                        .asRuntimeException());
              }
            });
  }
}
