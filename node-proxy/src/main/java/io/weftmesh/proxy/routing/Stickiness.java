package io.weftmesh.proxy.routing;

import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.HashKey;
import io.weftmesh.policy.model.LoadBalancing.Algorithm;
import io.weftmesh.policy.model.RequestHead;
import io.weftmesh.proxy.balance.Sticky;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** Says what ties a request, or a connection, to an endpoint of its backend. */
public final class Stickiness {
  private Stickiness() {}

  /**
   * What ties it.
   *
   * @param port of the backend, whose session affinity goes before all else; null if it is gone
   * @param request null for a connection that carries no HTTP
   * @param client the client's address
   */
  public static Sticky of(
      @Nullable ServicePort port,
      BackendSettings settings,
      @Nullable RequestHead request,
      InetAddress client) {
    if (port != null && !port.clientAffinity().isZero()) {
      return new Sticky.Client(client, port.clientAffinity());
    }
    if (!(settings.loadBalancing().algorithm() instanceof Algorithm.RingHash hash)) {
      return Sticky.NONE;
    }
    String value =
        switch (hash.key()) {
          case HashKey.SourceAddress source -> null;
          case HashKey.Header header -> request == null ? null : request.header(header.name());
          case HashKey.Cookie cookie -> request == null ? null : cookie(request, cookie.name());
        };
    if (value != null) {
      return Sticky.to(value);
    }
    // Without its key a request may go anywhere; a connection has no other key than its client.
    return request == null || hash.key() instanceof HashKey.SourceAddress
        ? Sticky.to(client)
        : Sticky.NONE;
  }

  /** The value of a cookie (RFC 6265, 4.2); null if the request has none of the name. */
  private static @Nullable String cookie(RequestHead request, String name) {
    String cookies = request.header("cookie");
    int start = 0;
    while (cookies != null && start < cookies.length()) {
      int end = start;
      while (end < cookies.length() && cookies.charAt(end) != ';' && cookies.charAt(end) != ',') {
        end++;
      }
      String pair = cookies.substring(start, end).strip();
      if (pair.length() > name.length()
          && pair.startsWith(name)
          && pair.charAt(name.length()) == '=') {
        return pair.substring(name.length() + 1);
      }
      start = end + 1;
    }
    return null;
  }
}
