package io.weftmesh.lab.app;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/** A WebSocket after its handshake, RFC 6455: every frame comes back, up to the one that closes. */
final class WebSocketEcho {
  private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  private static final int OPCODE = 0x0f;
  private static final int CLOSE = 8;
  private static final int MASKED = 0x80;
  private static final int LENGTH = 0x7f;
  private static final int LENGTH_IN_TWO_BYTES = 126;
  private static final int MASK_BYTES = 4;

  private WebSocketEcho() {}

  /** The value of {@code Sec-WebSocket-Accept} for the client's {@code Sec-WebSocket-Key}. */
  static String accept(String key) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-1").digest((key + GUID).getBytes(US_ASCII));
      return Base64.getEncoder().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-1", e);
    }
  }

  static void serve(InputStream stream, OutputStream out) throws IOException {
    DataInputStream in = new DataInputStream(stream);
    for (int first = in.read(); first >= 0; first = in.read()) {
      int second = in.readUnsignedByte();
      int length = second & LENGTH;
      if ((second & MASKED) == 0 || length > LENGTH_IN_TWO_BYTES) {
        throw new IOException("expected a masked frame of at most 65535 bytes");
      }
      boolean extended = length == LENGTH_IN_TWO_BYTES;
      byte[] mask = new byte[MASK_BYTES];
      byte[] payload = new byte[extended ? in.readUnsignedShort() : length];
      in.readFully(mask);
      in.readFully(payload);
      for (int i = 0; i < payload.length; i++) {
        payload[i] ^= mask[i % MASK_BYTES];
      }
      out.write(frame(first, payload));
      if ((first & OPCODE) == CLOSE) {
        return;
      }
    }
  }

  private static byte[] frame(int first, byte[] payload) {
    boolean extended = payload.length >= LENGTH_IN_TWO_BYTES;
    int head = extended ? 4 : 2;
    byte[] frame = new byte[head + payload.length];
    frame[0] = (byte) first;
    frame[1] = (byte) (extended ? LENGTH_IN_TWO_BYTES : payload.length);
    if (extended) {
      frame[2] = (byte) (payload.length >> Byte.SIZE);
      frame[3] = (byte) payload.length;
    }
    System.arraycopy(payload, 0, frame, head, payload.length);
    return frame;
  }
}
