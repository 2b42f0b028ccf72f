package io.weftmesh.lab.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.SplittableRandom;

/** Bytes without a pattern, the same ones each time, and their digest. */
public final class Bulk {
  private static final int CHUNK_BYTES = 64 * 1024;
  private static final int SEED = 20_251_121;

  private Bulk() {}

  /** The digest of what was read, in hexadecimal, and how much it was. */
  public record Digest(String sha256, long bytes) {}

  /** Writes the first {@code bytes} bytes. */
  public static void write(OutputStream out, long bytes) throws IOException {
    SplittableRandom random = new SplittableRandom(SEED);
    byte[] chunk = new byte[CHUNK_BYTES];
    for (long left = bytes; left > 0; left -= CHUNK_BYTES) {
      random.nextBytes(chunk);
      out.write(chunk, 0, (int) Math.min(left, CHUNK_BYTES));
    }
  }

  /** Reads up to {@code limit} bytes, or to the end. */
  public static Digest digest(InputStream in, long limit) throws IOException {
    MessageDigest digest = sha256();
    byte[] chunk = new byte[CHUNK_BYTES];
    long bytes = 0;
    while (bytes < limit) {
      int read = in.read(chunk, 0, (int) Math.min(CHUNK_BYTES, limit - bytes));
      if (read < 0) {
        break;
      }
      digest.update(chunk, 0, read);
      bytes += read;
    }
    return new Digest(HexFormat.of().formatHex(digest.digest()), bytes);
  }

  /** The digest of the first {@code bytes} bytes. */
  public static String expectedSha256(long bytes) {
    MessageDigest digest = sha256();
    try (OutputStream sink =
        new OutputStream() {
          @Override
          public void write(int oneByte) {
            digest.update((byte) oneByte);
          }

          @Override
          public void write(byte[] chunk, int offset, int length) {
            digest.update(chunk, offset, length);
          }
        }) {
      write(sink, bytes);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
