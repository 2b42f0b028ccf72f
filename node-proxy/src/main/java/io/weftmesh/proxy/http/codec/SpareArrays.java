package io.weftmesh.proxy.http.codec;

import io.netty.util.concurrent.FastThreadLocal;
import java.util.ArrayDeque;
import java.util.List;
import java.util.stream.Stream;

/**
 * The arrays of unusually large heads, which wait for the next of these. Garbage of that size fills
 * the young generation several times a second when one client sends nothing else, and all pods of
 * the node wait for the collector; what is in use meanwhile is too large for the survivors, and
 * ends in collections of the whole heap.
 *
 * <p>Sizes are powers of two. An event loop keeps {@link #MOST_BYTES} of them, and the others are
 * garbage after all: memory that a rush has taken is given back.
 */
final class SpareArrays {
  static final int SMALLEST_BYTES = 16 * 1024;
  static final int MOST_BYTES = 2 * 1024 * 1024;

  private static final int SIZES = Integer.numberOfTrailingZeros(MOST_BYTES / SMALLEST_BYTES);

  private static final FastThreadLocal<SpareArrays> OF_THREAD =
      new FastThreadLocal<>() {
        @Override
        protected SpareArrays initialValue() {
          return new SpareArrays();
        }
      };

  private final List<ArrayDeque<byte[]>> bySize =
      Stream.generate(ArrayDeque<byte[]>::new).limit(SIZES).toList();
  private int bytes;

  /** Those of the calling thread, which alone may use them. */
  static SpareArrays ofThread() {
    return OF_THREAD.get();
  }

  /** An array of at least this many bytes, which hold anything. */
  byte[] take(int atLeast) {
    int size = atLeast <= SMALLEST_BYTES ? SMALLEST_BYTES : Integer.highestOneBit(atLeast - 1) << 1;
    int place = place(size);
    byte[] spare = place < SIZES ? bySize.get(place).pollLast() : null;
    if (spare == null) {
      return new byte[size];
    }
    bytes -= size;
    return spare;
  }

  /** Takes back what {@link #take} gave. The caller must not touch it any more. */
  void give(byte[] array) {
    int place = place(array.length);
    if (place < SIZES && bytes + array.length <= MOST_BYTES) {
      bytes += array.length;
      bySize.get(place).addLast(array);
    }
  }

  private static int place(int size) {
    return Integer.numberOfTrailingZeros(size / SMALLEST_BYTES);
  }
}
