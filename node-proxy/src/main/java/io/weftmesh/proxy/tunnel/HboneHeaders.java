package io.weftmesh.proxy.tunnel;

import io.netty.util.AsciiString;

/** The one header that a tunnel's answer may carry beside its status. */
final class HboneHeaders {
  /** Why a CONNECT was refused, for people. */
  static final AsciiString ERROR = AsciiString.cached("x-weft-error");

  private static final int MAX_LENGTH = 256;

  private HboneHeaders() {}

  /** What may stand in a header or a log; the text may hold what a peer sent. */
  static String printable(CharSequence text) {
    int length = Math.min(text.length(), MAX_LENGTH);
    StringBuilder printable = new StringBuilder(length);
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      printable.append(c >= ' ' && c < 0x7f ? c : '?');
    }
    return printable.toString();
  }
}
