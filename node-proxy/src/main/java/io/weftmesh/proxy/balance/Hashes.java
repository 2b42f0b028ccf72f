package io.weftmesh.proxy.balance;

/**
 * Hashes that are the same in every process and every version, so that all nodes send one key to
 * one endpoint. Not for maps: whoever chooses the keys may choose where they fall.
 */
final class Hashes {
  /** FNV-1a, 64 bits: Fowler, Noll, Vo; RFC 9923. */
  private static final long START = 0xCBF29CE484222325L;

  private static final long PRIME = 0x100000001B3L;

  private Hashes() {}

  static long of(String text) {
    long hash = START;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * PRIME;
    }
    return mix(hash);
  }

  static long of(byte[] bytes) {
    long hash = START;
    for (byte b : bytes) {
      hash = (hash ^ (b & 0xff)) * PRIME;
    }
    return mix(hash);
  }

  /** Every bit of the result depends on every bit given: the finalizer of MurmurHash3. */
  static long mix(long bits) {
    long mixed = (bits ^ (bits >>> 33)) * 0xFF51AFD7ED558CCDL;
    mixed = (mixed ^ (mixed >>> 33)) * 0xC4CEB9FE1A85EC53L;
    return mixed ^ (mixed >>> 33);
  }
}
