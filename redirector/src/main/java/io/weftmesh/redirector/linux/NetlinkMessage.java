package io.weftmesh.redirector.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** One message of the kernel's answer. */
public final class NetlinkMessage {
  static final int NLMSG_ERROR = 2;
  static final int NLMSG_DONE = 3;

  private static final int HEADER_BYTES = 16;
  private static final int ATTRIBUTE_HEADER_BYTES = 4;
  private static final int TYPE_MASK = 0x3FFF;

  private final int type;
  private final byte[] payload;

  private NetlinkMessage(int type, byte[] payload) {
    this.type = type;
    this.payload = payload;
  }

  /** The messages of one packet; what is cut short at its end is left out. */
  public static List<NetlinkMessage> parse(byte[] packet) {
    ByteBuffer in = ByteBuffer.wrap(packet).order(ByteOrder.nativeOrder());
    List<NetlinkMessage> messages = new ArrayList<>();
    int at = 0;
    while (packet.length - at >= HEADER_BYTES) {
      int length = in.getInt(at);
      if (length < HEADER_BYTES || length > packet.length - at) {
        break;
      }
      int type = Short.toUnsignedInt(in.getShort(at + 4));
      messages.add(
          new NetlinkMessage(type, Arrays.copyOfRange(packet, at + HEADER_BYTES, at + length)));
      at += align(length);
    }
    return messages;
  }

  /** What the kernel calls this kind of message. */
  public int type() {
    return type;
  }

  /** The errno of an error message; 0 of one that acknowledges. */
  int error() {
    return payload.length < Integer.BYTES
        ? 0
        : -ByteBuffer.wrap(payload).order(ByteOrder.nativeOrder()).getInt();
  }

  /**
   * The value of the first attribute of a type; empty if there is none.
   *
   * @param fixedBytes the length of the part before the attributes
   */
  public byte[] attribute(int fixedBytes, int attributeType) {
    ByteBuffer in = ByteBuffer.wrap(payload).order(ByteOrder.nativeOrder());
    int at = fixedBytes;
    while (payload.length - at >= ATTRIBUTE_HEADER_BYTES) {
      int length = Short.toUnsignedInt(in.getShort(at));
      if (length < ATTRIBUTE_HEADER_BYTES || length > payload.length - at) {
        break;
      }
      if ((in.getShort(at + 2) & TYPE_MASK) == attributeType) {
        return Arrays.copyOfRange(payload, at + ATTRIBUTE_HEADER_BYTES, at + length);
      }
      at += align(length);
    }
    return new byte[0];
  }

  private static int align(int length) {
    return (length + 3) & -4;
  }
}
