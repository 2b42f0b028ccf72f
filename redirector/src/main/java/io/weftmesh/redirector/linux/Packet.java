package io.weftmesh.redirector.linux;

/**
 * One message of a {@code SOCK_SEQPACKET} socket with the descriptors that came with it. Whoever
 * receives it owns the descriptors.
 *
 * @param bytes the message; empty when the other side has closed
 * @param descriptors the received descriptors, close-on-exec
 * @param truncated whether the message was longer than the buffer
 * @param descriptorsLost whether more descriptors were sent than could be received: too many, or
 *     this process has none left
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; made and used up at once.
public record Packet(byte[] bytes, int[] descriptors, boolean truncated, boolean descriptorsLost) {

  /** Whether the other side has closed the connection. */
  public boolean isEnd() {
    return bytes.length == 0;
  }

  /** Closes every descriptor that came with the message. */
  public void closeDescriptors() {
    for (int descriptor : descriptors) {
      Files.close(descriptor);
    }
  }
}
