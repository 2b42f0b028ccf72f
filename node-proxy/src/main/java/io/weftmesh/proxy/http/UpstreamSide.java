package io.weftmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.http.codec.Framing;
import io.weftmesh.proxy.http.codec.Head;
import org.jspecify.annotations.Nullable;

/**
 * Where the request of an {@link Exchange} goes, for one try: a connection, or a stream of one. It
 * tells the exchange what comes back until the answer is complete, or the exchange gives it up by
 * {@link #cancel} or {@link #discard}. Everything on the client's event loop.
 */
interface UpstreamSide {
  Endpoint endpoint();

  /**
   * Whether the connection has carried an answer before: then its end may have been under way
   * before the request was.
   */
  boolean isUsed();

  /** The metric handles for this way through the mesh, kept for the next request on it. */
  HttpMetrics.Series series(HttpMetrics metrics, String source, String service, String backend);

  /** Begins a request, which is on its way with the next {@link #flush}. Called once per try. */
  void begin(Exchange by, Head request, Framing framing);

  /** Some of the request's body; taken over. */
  void requestData(ByteBuf data);

  /** The end of the request. */
  void requestEnd(@Nullable Head trailers);

  /** The client has ended its side behind the request: so must we, or the server would not know. */
  void endOutput();

  /** Puts on the wire what was written. */
  void flush();

  /** Whether more of the request should be produced now. */
  boolean isWritable();

  /** Whether the answer is read on, or waits for a slow client. */
  void setReading(boolean on);

  /** The answer is not wanted any more, whatever it is, and the endpoint is to know. */
  void cancel();

  /** The answer is not wanted because the request is sent again. */
  void discard();
}
