package io.weftmesh.proxy.http.codec;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;

/** Puts a body on the wire in its framing. Writes and never flushes: its caller knows when. */
public final class BodyWriter {
  /** Up to here one copy is cheaper than two more buffers in the socket's gathering write. */
  private static final int COPY_BYTES = 1024;

  private static final int LINE_BYTES = 20;
  private static final byte[] HEX = {
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'
  };
  private static final int CR_LF = '\r' << 8 | '\n';

  private boolean chunked;

  public void begin(Framing framing) {
    chunked = framing.mode() == Framing.Mode.CHUNKED;
  }

  /**
   * Writes some of the body.
   *
   * @param data not empty; released when it was written
   */
  public void data(Channel to, ByteBuf data) {
    if (!chunked) {
      to.write(data, to.voidPromise());
      return;
    }
    int size = data.readableBytes();
    boolean copy = size <= COPY_BYTES;
    ByteBuf line = to.alloc().ioBuffer(LINE_BYTES + (copy ? size : 0));
    writeHex(line, size);
    line.writeShort(CR_LF);
    if (copy) {
      line.writeBytes(data);
      data.release();
      line.writeShort(CR_LF);
      to.write(line, to.voidPromise());
      return;
    }
    to.write(line, to.voidPromise());
    to.write(data, to.voidPromise());
    to.write(to.alloc().ioBuffer(2).writeShort(CR_LF), to.voidPromise());
  }

  public void end(Channel to, @Nullable Head trailers) {
    if (!chunked) {
      return;
    }
    ByteBuf end = to.alloc().ioBuffer(trailers == null ? 5 : trailers.sizeBytes());
    end.writeByte('0').writeShort(CR_LF);
    if (trailers == null) {
      end.writeShort(CR_LF);
    } else {
      trailers.writeFields(end);
    }
    to.write(end, to.voidPromise());
  }

  private static void writeHex(ByteBuf out, int number) {
    int shift = 28 - (Integer.numberOfLeadingZeros(number) & ~3);
    for (; shift >= 0; shift -= 4) {
      out.writeByte(HEX[number >>> shift & 0xf]);
    }
  }
}
