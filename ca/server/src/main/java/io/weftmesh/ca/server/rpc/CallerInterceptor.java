package io.weftmesh.ca.server.rpc;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.weftmesh.ca.server.node.NodeAuthorizer;
import io.weftmesh.ca.server.node.NodeCaller;
import io.weftmesh.ca.server.node.Refusal;
import io.weftmesh.ca.server.node.RefusedException;

/** Lets no call through whose token does not say which node it comes from. */
final class CallerInterceptor implements ServerInterceptor {
  private static final Context.Key<NodeCaller> CALLER = Context.key("node caller");
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  private static final String BEARER = "Bearer ";

  private final NodeAuthorizer authorizer;
  private final Refusals refusals;

  CallerInterceptor(NodeAuthorizer authorizer, Refusals refusals) {
    this.authorizer = authorizer;
    this.refusals = refusals;
  }

  /** Who makes the call that this thread works on. */
  static NodeCaller caller() {
    return CALLER.get();
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    try {
      NodeCaller caller = authorizer.authenticate(token(headers));
      return Contexts.interceptCall(
          Context.current().withValue(CALLER, caller), call, headers, next);
    } catch (RefusedException e) {
      Object address = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
      String method = call.getMethodDescriptor().getFullMethodName();
      call.close(refusals.refuse(method, String.valueOf(address), e), new Metadata());
      return new ServerCall.Listener<>() {};
    }
  }

  private static String token(Metadata headers) throws RefusedException {
    String header = headers.get(AUTHORIZATION);
    if (header == null || !header.startsWith(BEARER)) {
      throw new RefusedException(Refusal.TOKEN_MISSING, "no authorization: Bearer header");
    }
    return header.substring(BEARER.length());
  }
}
