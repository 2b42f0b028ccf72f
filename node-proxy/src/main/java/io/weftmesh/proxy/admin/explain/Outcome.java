package io.weftmesh.proxy.admin.explain;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What comes of a request in the end. */
public sealed interface Outcome {

  /**
   * The proxy answers by itself, or resets a connection.
   *
   * @param status 0 for a connection that is reset
   * @param error the word of {@code x-weft-error}, or why it is reset; empty for an answer that
   *     routes ask for, such as a redirect
   * @param headers of the answer
   */
  record Answered(int status, Optional<String> error, Map<String, String> headers)
      implements Outcome {
    public Answered {
      headers = Map.copyOf(headers);
    }
  }

  /**
   * It is sent to one of these.
   *
   * @param target of the request as it is sent; empty where no request is understood
   * @param shares of the backends, in the order in which they are written
   */
  record Forwarded(Optional<String> target, List<Share> shares) implements Outcome {
    public Forwarded {
      shares = List.copyOf(shares);
    }
  }

  /**
   * A backend's part in the traffic.
   *
   * @param backend its name, {@code namespace/service:port} or, of a subset, {@code
   *     namespace/service:port[label=value]}
   * @param percent of all traffic of the rule
   * @param error what its part is answered with by the proxy, if it is
   * @param endpoints that may be chosen, {@code address:port}
   */
  record Share(String backend, double percent, Optional<String> error, List<String> endpoints) {
    public Share {
      endpoints = List.copyOf(endpoints);
    }
  }
}
