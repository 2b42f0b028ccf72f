package io.weftmesh.ca.api;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Sends the node's token with each call, as it is in its file at that moment: the kubelet puts a
 * fresh one there long before the old one ends.
 */
final class BearerToken implements ClientInterceptor {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final Path file;

  BearerToken(Path file) {
    this.file = file;
  }

  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
    return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
      @Override
      public void start(Listener<A> listener, Metadata headers) {
        try {
          String token = Files.readString(file, StandardCharsets.US_ASCII).strip();
          headers.put(AUTHORIZATION, "Bearer " + token);
        } catch (IOException e) {
          // The text of the exception names the file, never what is in it.
          throw Status.UNAUTHENTICATED
              .withDescription("can't read the service account token " + file)
              .withCause(e)
              .asRuntimeException();
        }
        super.start(listener, headers);
      }
    };
  }
}
