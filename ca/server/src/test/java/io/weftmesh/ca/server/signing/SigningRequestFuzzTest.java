package io.weftmesh.ca.server.signing;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.KeyPair;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Signing requests of any kind. Whatever the bytes: the key that signed them, or a refusal. {@code
 * -Dweft.fuzz.rounds=100000000} for a long run.
 */
class SigningRequestFuzzTest {
  private static final int ROUNDS = Integer.getInteger("weft.fuzz.rounds", 30_000) / 3 + 1;
  private static final long SEED = Long.getLong("weft.fuzz.seed", 41);

  @Test
  void anyBytesAreTheKeyThatSignedThemOrRefused() throws Exception {
    KeyPair keys = KeyPairs.p256();
    byte[] genuine = CertificateRequests.of(keys);
    for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
      byte[] der = hostile(genuine, new SplittableRandom(seed));
      try {
        // A signature has more than one encoding that verifies; what it signs has not.
        assertThat(SigningRequest.publicKey(der)).isEqualTo(keys.getPublic());
      } catch (InvalidRequestException refused) {
        assertThat(refused).hasMessageContaining("CSR");
      } catch (RuntimeException | Error failure) {
        throw new AssertionError("seed " + seed + ": " + HexFormat.of().formatHex(der), failure);
      }
    }
  }

  private static byte[] hostile(byte[] genuine, SplittableRandom random) {
    if (random.nextInt(4) == 0) {
      byte[] bytes = new byte[random.nextInt(400)];
      random.nextBytes(bytes);
      return bytes;
    }
    byte[] bytes = genuine.clone();
    for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(4)) {
        case 0 -> bytes[at] = (byte) random.nextInt();
        case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> {
          int length = random.nextInt(bytes.length - at + 1);
          System.arraycopy(bytes, at, bytes, random.nextInt(bytes.length - length + 1), length);
        }
        default -> {
          if (random.nextInt(4) == 0) {
            bytes = Arrays.copyOf(bytes, 1 + random.nextInt(bytes.length + 20));
          }
        }
      }
    }
    return bytes;
  }
}
