package io.weftmesh.lab.app;

import static io.weftmesh.lab.host.Template.fill;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.grpc.HandlerRegistry;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.weftmesh.lab.client.ByteMarshaller;
import java.io.IOException;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Answers calls of any service and method with what it saw of them, as JSON: the pod's name and
 * version, the method, the metadata, and the number and bytes of the messages so far. Messages are
 * bytes. A method's name says what kind it is of: {@code ClientStream} has one answer to all
 * messages, {@code ServerStream} several to one, {@code BidiStream} one to each, and all other
 * names are of unary methods.
 *
 * <p>The message, the last of a stream, says how: {@code status=5} and {@code message=text} of the
 * answer, {@code delay=200} (milliseconds before it), {@code count=3} (how many of a ServerStream).
 */
final class GrpcEcho extends HandlerRegistry {
  private final Options options;

  private GrpcEcho(Options options) {
    this.options = options;
  }

  static void serve(int port, Options options) throws IOException {
    NettyServerBuilder.forPort(port)
        .executor(Executors.newVirtualThreadPerTaskExecutor())
        .fallbackHandlerRegistry(new GrpcEcho(options))
        .build()
        .start();
  }

  @Override
  public ServerMethodDefinition<?, ?> lookupMethod(String name, @Nullable String authority) {
    MethodDescriptor<byte[], byte[]> method = ByteMarshaller.method(kind(name), name);
    return ServerMethodDefinition.create(method, (call, metadata) -> answer(call, metadata));
  }

  private static MethodType kind(String name) {
    return switch (name.substring(name.lastIndexOf('/') + 1)) {
      case "ClientStream" -> MethodType.CLIENT_STREAMING;
      case "ServerStream" -> MethodType.SERVER_STREAMING;
      case "BidiStream" -> MethodType.BIDI_STREAMING;
      default -> MethodType.UNARY;
    };
  }

  private ServerCall.Listener<byte[]> answer(ServerCall<byte[], byte[]> call, Metadata metadata) {
    Answering answering = new Answering(call, metadata);
    call.request(1);
    return answering;
  }

  /** One call. */
  private final class Answering extends ServerCall.Listener<byte[]> {
    private final ServerCall<byte[], byte[]> call;
    private final Metadata metadata;
    private int messages;
    private boolean begun;
    private long bytes;
    private Query query = Query.parse("");

    Answering(ServerCall<byte[], byte[]> call, Metadata metadata) {
      this.call = call;
      this.metadata = metadata;
    }

    @Override
    public void onMessage(byte[] message) {
      messages++;
      bytes += message.length;
      query = Query.parse(new String(message, UTF_8));
      if (call.getMethodDescriptor().getType() == MethodType.BIDI_STREAMING) {
        send();
      }
      call.request(1);
    }

    @Override
    public void onHalfClose() {
      query.pause();
      Status status = Status.fromCodeValue(query.number("status", 0));
      int answers =
          switch (call.getMethodDescriptor().getType()) {
            case BIDI_STREAMING -> 0;
            case SERVER_STREAMING -> query.number("count", 1);
            default -> status.isOk() ? 1 : 0;
          };
      for (int i = 0; i < answers; i++) {
        send();
      }
      call.close(status.withDescription(query.text("message")), new Metadata());
    }

    private void send() {
      if (!begun) {
        begun = true;
        call.sendHeaders(new Metadata());
      }
      call.sendMessage(json().getBytes(UTF_8));
    }

    private String json() {
      return fill(
          """
          {"pod":%s,"version":%s,"method":%s,"metadata":[%s],"messages":%d,"bytes":%d}
          """,
          Json.quoted(options.name()),
          Json.quoted(options.version()),
          Json.quoted(call.getMethodDescriptor().getFullMethodName()),
          metadata.keys().stream()
              .filter(name -> !name.endsWith(Metadata.BINARY_HEADER_SUFFIX))
              .map(name -> fill("[%s,%s]", Json.quoted(name), Json.quoted(values(name))))
              .collect(Collectors.joining(",")),
          messages,
          bytes);
    }

    private String values(String name) {
      Iterable<String> values =
          metadata.getAll(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
      return values == null ? "" : String.join(",", values);
    }
  }
}
