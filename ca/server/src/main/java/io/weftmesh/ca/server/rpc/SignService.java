package io.weftmesh.ca.server.rpc;

import com.google.protobuf.UnsafeByteOperations;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.server.node.NodeAuthorizer;
import io.weftmesh.ca.server.node.NodeCaller;
import io.weftmesh.ca.server.node.RateLimit;
import io.weftmesh.ca.server.node.RefusedException;
import io.weftmesh.ca.server.rotation.RotatingAuthority;
import io.weftmesh.ca.server.signing.Der;
import io.weftmesh.ca.server.signing.InvalidRequestException;
import io.weftmesh.ca.server.signing.SigningRequest;
import io.weftmesh.ca.server.signing.Svid;
import io.weftmesh.ca.server.telemetry.SigningMetrics;
import io.weftmesh.ca.v1.CertificateAuthorityGrpc;
import io.weftmesh.ca.v1.SignRequest;
import io.weftmesh.ca.v1.SignResponse;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Signs identities for nodes: from cheap checks to dear ones. */
final class SignService extends CertificateAuthorityGrpc.CertificateAuthorityImplBase {
  private static final Logger log = LoggerFactory.getLogger(SignService.class);

  private final NodeAuthorizer authorizer;
  private final RateLimit rate;
  private final RotatingAuthority authority;
  private final Refusals refusals;
  private final SigningMetrics metrics;

  SignService(
      NodeAuthorizer authorizer,
      RateLimit rate,
      RotatingAuthority authority,
      Refusals refusals,
      SigningMetrics metrics) {
    this.authorizer = authorizer;
    this.rate = rate;
    this.authority = authority;
    this.refusals = refusals;
    this.metrics = metrics;
  }

  @Override
  public void sign(SignRequest request, StreamObserver<SignResponse> response) {
    NodeCaller caller = CallerInterceptor.caller();
    try {
      rate.take(caller.node());
      SpiffeId id = authorizer.authorize(caller, request.getSpiffeId());
      PublicKey key = publicKey(request);
      Svid svid = authority.issue(caller.node(), id, key);
      metrics.issued();
      log.info("Issued {} to {}, serial {}, until {}", id, caller, svid.serial(), svid.expiry());
      SignResponse.Builder answer = SignResponse.newBuilder();
      Der.of(svid.chain()).forEach(der -> answer.addChain(UnsafeByteOperations.unsafeWrap(der)));
      response.onNext(answer.build());
      response.onCompleted();
    } catch (RefusedException e) {
      response.onError(refusals.refuse("Sign", caller, e).asRuntimeException());
    } catch (GeneralSecurityException | IOException e) {
      metrics.failed();
      log.error("Unable to sign {} for {}", Refusals.printable(request.getSpiffeId()), caller, e);
      response.onError(
          Status.UNAVAILABLE.withDescription("the ca is unable to sign now").asRuntimeException());
    }
  }

  private static PublicKey publicKey(SignRequest request) throws RefusedException {
    try {
      return SigningRequest.publicKey(request.getCsr().toByteArray());
    } catch (InvalidRequestException e) {
      throw Refusals.badRequest(e);
    }
  }
}
