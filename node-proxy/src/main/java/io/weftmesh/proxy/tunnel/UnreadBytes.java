package io.weftmesh.proxy.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * What a stream received and its reader has not asked for yet. The stream's window bounds the
 * bytes; this class sees to it that they cost little more than themselves: a frame is a slice of
 * the buffer that TLS decrypted into, and a peer that sends a byte per frame would otherwise pin a
 * buffer and an object for each. Frames below 16 KiB are copied together.
 *
 * <p>Confined to the stream's event loop.
 */
final class UnreadBytes {
  private static final int KEPT_AS_IS_BYTES = 16 << 10;
  private static final int MAX_COPY_BYTES = 64 << 10;
  private static final int FIRST_COPY_BYTES = 512;

  private final ArrayDeque<ByteBuf> buffers = new ArrayDeque<>(2);
  private @Nullable ByteBuf copy;
  private int bytes;

  /** Takes over {@code data}. */
  void add(ByteBuf data, ByteBufAllocator allocator) {
    int length = data.readableBytes();
    if (length == 0) {
      data.release();
      return;
    }
    bytes += length;
    if (length >= KEPT_AS_IS_BYTES) {
      buffers.add(data);
      copy = null;
      return;
    }
    try {
      if (copy == null || copy.readableBytes() + length > MAX_COPY_BYTES) {
        copy = allocator.ioBuffer(Math.max(length, FIRST_COPY_BYTES), MAX_COPY_BYTES);
        buffers.add(copy);
      }
      copy.writeBytes(data);
    } finally {
      data.release();
    }
  }

  /** The oldest bytes, now the caller's, or null when there are none. */
  @SuppressWarnings("ReferenceEquality") // two buffers of equal content are two buffers
  @Nullable ByteBuf poll() {
    ByteBuf first = buffers.poll();
    if (first != null) {
      bytes -= first.readableBytes();
      if (first == copy) {
        copy = null;
      }
    }
    return first;
  }

  int bytes() {
    return bytes;
  }

  boolean isEmpty() {
    return bytes == 0;
  }

  /** Drops everything and says how many bytes that were. */
  int release() {
    int dropped = bytes;
    for (ByteBuf buffer = poll(); buffer != null; buffer = poll()) {
      buffer.release();
    }
    return dropped;
  }
}
