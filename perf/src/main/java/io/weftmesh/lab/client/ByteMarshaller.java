package io.weftmesh.lab.client;

import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** gRPC messages as they are on the wire. */
public final class ByteMarshaller implements MethodDescriptor.Marshaller<byte[]> {
  private ByteMarshaller() {}

  /**
   * A method that nobody declared.
   *
   * @param name as {@code package.Service/Method}
   */
  public static MethodDescriptor<byte[], byte[]> method(MethodType type, String name) {
    ByteMarshaller bytes = new ByteMarshaller();
    return MethodDescriptor.newBuilder(bytes, bytes).setType(type).setFullMethodName(name).build();
  }

  @Override
  public InputStream stream(byte[] message) {
    return new ByteArrayInputStream(message);
  }

  @Override
  public byte[] parse(InputStream stream) {
    try {
      return stream.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
