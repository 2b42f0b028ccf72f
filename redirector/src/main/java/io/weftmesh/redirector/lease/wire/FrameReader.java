package io.weftmesh.redirector.lease.wire;

import io.weftmesh.redirector.lease.Cidr;
import io.weftmesh.redirector.lease.Exclusions;
import io.weftmesh.redirector.lease.PodRef;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the fields of one frame. Fails with {@link BufferUnderflowException} or {@link
 * IllegalArgumentException} on whatever is not as it should be; {@link Codec} gives these their
 * final form.
 */
final class FrameReader {
  private final ByteBuffer buffer;

  FrameReader(ByteBuffer buffer) {
    this.buffer = buffer;
  }

  int unsignedByte() {
    return Byte.toUnsignedInt(buffer.get());
  }

  int unsignedShort() {
    return Short.toUnsignedInt(buffer.getShort());
  }

  long counter() {
    long value = buffer.getLong();
    if (value < 0) {
      throw new IllegalArgumentException("counter is " + value + ", expected 0 or more");
    }
    return value;
  }

  boolean flag() {
    int value = unsignedByte();
    if (value > 1) {
      throw new IllegalArgumentException("flag is " + value + ", expected 0 or 1");
    }
    return value == 1;
  }

  <E extends Enum<E>> E constant(E[] constants) {
    int ordinal = unsignedByte();
    if (ordinal >= constants.length) {
      throw new IllegalArgumentException(
          "value is " + ordinal + ", expected less than " + constants.length);
    }
    return constants[ordinal];
  }

  String text() {
    byte[] bytes = new byte[count(Codec.MAX_TEXT_BYTES)];
    buffer.get(bytes);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException notText) {
      throw new IllegalArgumentException("text is not UTF-8", notText);
    }
  }

  String podUid() {
    String uid = text();
    PodRef.checkUid(uid);
    return uid;
  }

  PodRef pod() {
    return new PodRef(
        text(),
        text(),
        text(),
        addresses(PodRef.MAX_ADDRESSES),
        new Exclusions(ports(), ports(), blocks()));
  }

  List<InetAddress> addresses(int max) {
    int count = count(max);
    List<InetAddress> addresses = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      addresses.add(address());
    }
    return addresses;
  }

  void end() {
    if (buffer.hasRemaining()) {
      throw new IllegalArgumentException(buffer.remaining() + " bytes behind the end");
    }
  }

  private List<Integer> ports() {
    int count = count(Exclusions.MAX_ENTRIES);
    List<Integer> ports = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      ports.add(unsignedShort());
    }
    return ports;
  }

  private List<Cidr> blocks() {
    int count = count(Exclusions.MAX_ENTRIES);
    List<Cidr> blocks = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      blocks.add(new Cidr(address(), unsignedByte()));
    }
    return blocks;
  }

  private InetAddress address() {
    int length = unsignedByte();
    if (length != 4 && length != 16) {
      throw new IllegalArgumentException("address has " + length + " bytes, expected 4 or 16");
    }
    byte[] bytes = new byte[length];
    buffer.get(bytes);
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException impossible) {
      throw new AssertionError("the length was checked", impossible);
    }
  }

  private int count(int max) {
    int count = unsignedShort();
    if (count > max) {
      throw new IllegalArgumentException("length is " + count + ", expected at most " + max);
    }
    return count;
  }
}
