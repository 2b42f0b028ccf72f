package io.weftmesh.redirector.lease.wire;

import io.weftmesh.redirector.lease.Cidr;
import io.weftmesh.redirector.lease.PodRef;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** Writes the fields of one frame; every field is as {@link FrameReader} reads it. */
final class FrameWriter {
  private final ByteBuffer buffer = ByteBuffer.allocate(Codec.MAX_FRAME_BYTES);

  FrameWriter unsignedByte(int value) {
    buffer.put((byte) value);
    return this;
  }

  FrameWriter sequence(int value) {
    buffer.putInt(value);
    return this;
  }

  FrameWriter unsignedShort(int value) {
    buffer.putShort((short) value);
    return this;
  }

  FrameWriter counter(long value) {
    buffer.putLong(value);
    return this;
  }

  FrameWriter flag(boolean value) {
    return unsignedByte(value ? 1 : 0);
  }

  /** The order of the constants is the protocol's: new ones come last. */
  @SuppressWarnings("EnumOrdinal")
  FrameWriter constant(Enum<?> value) {
    return unsignedByte(value.ordinal());
  }

  /** Cuts what is too long, between characters: texts are for people. */
  FrameWriter text(String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    int length = Math.min(bytes.length, Codec.MAX_TEXT_BYTES);
    while (length < bytes.length && (bytes[length] & 0xC0) == 0x80) {
      length--;
    }
    unsignedShort(length);
    buffer.put(bytes, 0, length);
    return this;
  }

  FrameWriter pod(PodRef pod) {
    text(pod.uid()).text(pod.namespace()).text(pod.name()).addresses(pod.addresses());
    ports(pod.exclusions().inboundPorts());
    ports(pod.exclusions().outboundPorts());
    unsignedShort(pod.exclusions().outboundBlocks().size());
    for (Cidr block : pod.exclusions().outboundBlocks()) {
      address(block.network()).unsignedByte(block.prefixLength());
    }
    return this;
  }

  FrameWriter addresses(List<InetAddress> addresses) {
    unsignedShort(addresses.size());
    for (InetAddress address : addresses) {
      address(address);
    }
    return this;
  }

  byte[] bytes() {
    return Arrays.copyOf(buffer.array(), buffer.position());
  }

  private void ports(List<Integer> ports) {
    unsignedShort(ports.size());
    for (int port : ports) {
      unsignedShort(port);
    }
  }

  private FrameWriter address(InetAddress address) {
    byte[] bytes = address.getAddress();
    unsignedByte(bytes.length);
    buffer.put(bytes);
    return this;
  }
}
