package io.weftmesh.redirector.rules;

import java.net.Inet4Address;
import java.net.InetAddress;

/**
 * Addresses as iptables prints them: IPv6 with its longest run of zeros left out (RFC 5952), and
 * the last 32 bits dotted where all others are zero.
 */
final class AddressText {
  private static final int GROUPS = 8;

  private AddressText() {}

  static String of(InetAddress address) {
    if (address instanceof Inet4Address) {
      return address.getHostAddress();
    }
    byte[] bytes = address.getAddress();
    int[] groups = new int[GROUPS];
    for (int i = 0; i < GROUPS; i++) {
      groups[i] = Byte.toUnsignedInt(bytes[2 * i]) << 8 | Byte.toUnsignedInt(bytes[2 * i + 1]);
    }
    int runStart = -1;
    int runLength = 1;
    for (int i = 0; i < GROUPS; i++) {
      int length = 0;
      while (i + length < GROUPS && groups[i + length] == 0) {
        length++;
      }
      if (length > runLength) {
        runStart = i;
        runLength = length;
      }
    }
    if (runStart == 0 && runLength == GROUPS - 2) {
      return "::"
          + (groups[6] >> 8)
          + '.'
          + (groups[6] & 0xFF)
          + '.'
          + (groups[7] >> 8)
          + '.'
          + (groups[7] & 0xFF);
    }
    return text(groups, runStart, runLength);
  }

  private static String text(int[] groups, int runStart, int runLength) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < GROUPS; i++) {
      if (i == runStart) {
        text.append("::");
        i += runLength - 1;
      } else {
        if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
          text.append(':');
        }
        text.append(Integer.toHexString(groups[i]));
      }
    }
    return text.toString();
  }
}
