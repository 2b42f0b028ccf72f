package io.weftmesh.redirector.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** One request to the kernel over netlink: a header, a fixed part, and attributes. */
public final class NetlinkRequest {
  public static final int NLM_F_REQUEST = 0x1;
  public static final int NLM_F_ACK = 0x4;
  public static final int NLM_F_EXCL = 0x200;
  public static final int NLM_F_DUMP = 0x300;
  public static final int NLM_F_CREATE = 0x400;

  private static final int MAX_BYTES = 128;
  private static final int ATTRIBUTE_BYTES = 8;

  private final ByteBuffer buffer = ByteBuffer.allocate(MAX_BYTES).order(ByteOrder.nativeOrder());

  /**
   * A request of a type with flags beside {@link #NLM_F_REQUEST}, whose fixed part is these bytes.
   */
  public NetlinkRequest(int type, int flags, int... fixedPart) {
    buffer.putInt(0).putShort((short) type).putShort((short) (NLM_F_REQUEST | flags));
    buffer.putInt(0).putInt(0);
    for (int value : fixedPart) {
      buffer.put((byte) value);
    }
  }

  /** Adds an attribute of 32 bits. */
  public NetlinkRequest attribute(int type, int value) {
    buffer.putShort((short) ATTRIBUTE_BYTES).putShort((short) type).putInt(value);
    return this;
  }

  byte[] bytes() {
    buffer.putInt(0, buffer.position());
    return Arrays.copyOf(buffer.array(), buffer.position());
  }
}
