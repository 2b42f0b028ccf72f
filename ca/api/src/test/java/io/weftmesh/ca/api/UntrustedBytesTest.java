package io.weftmesh.ca.api;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.weftmesh.ca.fixtures.TestAuthority;
import io.weftmesh.ca.fixtures.TestSvid;
import java.security.cert.CertificateException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * What a stranger may send: whatever the bytes, the answer is an identity or the declared
 * exception. The fuzz targets run their seeds in every build, and search on with {@code
 * JAZZER_FUZZ=1}; the seeded mutations search a little in every build, and with {@code
 * -Dweft.fuzz.rounds=100000000} for long.
 */
final class UntrustedBytesTest {
  private static final SpiffeId CART = SpiffeId.workload("cluster.local", "shop", "cart");
  private static final TestAuthority ROOT = TestAuthority.root("cluster.local");
  private static final SvidValidator VALIDATOR =
      new SvidValidator(TrustBundles.of(ROOT.bundle()), InstantSource.fixed(TestAuthority.NOW));
  private static final int ROUNDS = Integer.getInteger("weft.fuzz.rounds", 30_000) / 6 + 1;
  private static final long SEED = Long.getLong("weft.fuzz.seed", 7);

  @FuzzTest(maxDuration = "10s")
  void anyTextIsAnIdentityOrRefused(byte[] bytes) {
    String text = new String(bytes, ISO_8859_1);
    try {
      SpiffeId id = SpiffeId.parse(text);
      assertThat(id).hasToString(text);
      assertThat(SpiffeId.parse(id.toString())).isEqualTo(id);
    } catch (IllegalArgumentException expected) {
      assertThat(expected).hasMessageContaining("SPIFFE ID");
    }
  }

  @FuzzTest(maxDuration = "10s")
  void anyCertificateIsVerifiedOrRefused(byte[] bytes) {
    assertThat(verify(List.of(bytes))).isEmpty();
  }

  @FuzzTest(maxDuration = "10s")
  void anyBundleIsReadOrRefused(byte[] bytes) {
    try {
      assertThat(TrustBundle.ofPem("cluster.local", 1, bytes).roots()).isNotEmpty();
    } catch (CertificateException expected) {
      assertThat(expected).hasMessageNotContaining("\n");
    }
  }

  @Test
  void mutatedTextsAreIdentitiesOrRefused() {
    rounds(random ->
        anyTextIsAnIdentityOrRefused(mutated(CART.toString().getBytes(ISO_8859_1), random)));
  }

  /** A signature has more than one encoding that verifies; what it signs has not. */
  @Test
  void aMutatedChainIsVerifiedOnlyWithEverySignedByteAsItWas() throws Exception {
    TestSvid svid = ROOT.intermediate(s -> {}).svid(CART);
    rounds(random -> {
      List<byte[]> chain = new ArrayList<>(svid.der());
      int victim = random.nextInt(chain.size());
      chain.set(victim, mutated(chain.get(victim), random));
      Optional<VerifiedSvid> verified = verify(chain);
      if (verified.isPresent()) {
        assertThat(verified.get().chain().get(victim).getTBSCertificate())
            .isEqualTo(svid.chain().get(victim).getTBSCertificate());
      }
    });
  }

  @Test
  void mutatedBundlesAreReadOrRefused() {
    byte[] pem = ROOT.bundle().toPem();
    rounds(random -> anyBundleIsReadOrRefused(mutated(pem, random)));
  }

  private interface Round {
    void play(SplittableRandom random) throws Exception;
  }

  private static void rounds(Round round) {
    for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
      try {
        round.play(new SplittableRandom(seed));
      } catch (Exception | AssertionError failure) {
        throw new AssertionError("round with seed " + seed, failure);
      }
    }
  }

  private static Optional<VerifiedSvid> verify(List<byte[]> chain) {
    try {
      return Optional.of(VALIDATOR.validate(chain));
    } catch (InvalidSvidException expected) {
      assertThat(expected.rule()).isNotNull();
      return Optional.empty();
    }
  }

  /** Flips, overwrites, cuts or doubles a few bytes. */
  private static byte[] mutated(byte[] original, SplittableRandom random) {
    byte[] bytes = original.clone();
    int changes = 1 + random.nextInt(4);
    for (int i = 0; i < changes && bytes.length > 0; i++) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(4)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt(256);
        case 2 -> bytes = Arrays.copyOf(bytes, at);
        default -> {
          byte[] longer = Arrays.copyOf(bytes, bytes.length + at);
          System.arraycopy(bytes, 0, longer, bytes.length, at);
          bytes = longer;
        }
      }
    }
    return bytes;
  }
}
