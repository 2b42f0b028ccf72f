package io.weftmesh.proxy.http;

import io.weftmesh.proxy.http.codec.Field;
import io.weftmesh.proxy.http.codec.Head;
import java.nio.charset.StandardCharsets;

/**
 * What is between two neighbours and not between the ends (RFC 9110, 7.6.1): taken out on the way
 * in, put in anew on the way out. Nothing else is touched: no {@code Via}, no {@code Forwarded},
 * because the application is not to notice the proxy.
 */
final class HopByHop {
  private static final byte[] CLOSE = ascii("close");
  private static final byte[] KEEP_ALIVE = ascii("keep-alive");
  private static final byte[] UPGRADE = ascii("upgrade");
  private static final byte[] TRAILERS = ascii("trailers");
  private static final byte[] H2C = ascii("h2c");
  private static final String WEBSOCKET = "websocket";

  private HopByHop() {}

  /** Whether the sender keeps the connection after this message (RFC 9112, 9.3). */
  static boolean keepsAlive(Head head) {
    if (head.lists(Field.CONNECTION, CLOSE)) {
      return false;
    }
    return !head.isHttp10() || head.lists(Field.CONNECTION, KEEP_ALIVE);
  }

  /**
   * Whether the message is about another protocol on this connection. Not so with {@code h2c}: a
   * server that agreed would get requests that were never routed nor authorized.
   */
  static boolean upgrades(Head head) {
    return head.has(Field.UPGRADE)
        && !head.isHttp10()
        && head.lists(Field.CONNECTION, UPGRADE)
        && !head.lists(Field.UPGRADE, H2C);
  }

  /**
   * Whether the other protocol can only be that of RFC 6455, which carries messages and no
   * requests.
   */
  static boolean upgradesToWebSocket(Head head) {
    return upgrades(head) && WEBSOCKET.equalsIgnoreCase(head.value("upgrade"));
  }

  /** Takes out what ends here, of a request or an answer. */
  static void strip(Head head, boolean keepUpgrade) {
    head.removeConnectionOptions();
    head.remove(Field.CONNECTION);
    head.remove(Field.KEEP_ALIVE);
    head.remove(Field.PROXY_CONNECTION);
    head.remove(Field.HTTP2_SETTINGS);
    // Of all that TE can say, only this is for the other end: trailers are passed on.
    if (head.has(Field.TE) && !"trailers".equals(head.value(Field.TE))) {
      boolean trailers = head.lists(Field.TE, TRAILERS);
      head.remove(Field.TE);
      if (trailers) {
        head.add(Field.TE, "trailers");
      }
    }
    if (keepUpgrade) {
      head.add(Field.CONNECTION, "Upgrade");
    } else {
      head.remove(Field.UPGRADE);
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
