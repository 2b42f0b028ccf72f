package io.weftmesh.proxy.http;

import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Stream;

/**
 * Remembers of a client's latest streams which it opened, and which it ended. The codec forgets a
 * stream when it is closed, and so can't tell what comes late, because we reset the stream and the
 * client has not heard of it, from what no client may send: a frame behind its own END_STREAM (RFC
 * 9113, 5.1), or for a stream that it has left out (5.1.1). Those two end the connection.
 *
 * <p>What is older than {@link #REMEMBERED} streams is given the benefit of the doubt.
 */
final class StreamHistory extends Http2ConnectionAdapter {
  /** More than can be open at a time. */
  private static final int REMEMBERED = 256;

  private final Http2Connection connection;
  private final int[] opened = new int[REMEMBERED];
  private final int[] ended = new int[REMEMBERED];

  StreamHistory(Http2Connection connection) {
    this.connection = connection;
    connection.addListener(this);
  }

  @Override
  public void onStreamActive(Http2Stream stream) {
    opened(stream.id());
    onStreamHalfClosed(stream);
  }

  @Override
  public void onStreamHalfClosed(Http2Stream stream) {
    if (stream.state() == Http2Stream.State.HALF_CLOSED_REMOTE) {
      ended[place(stream.id())] = stream.id();
    }
  }

  /** The client has opened this stream, whatever became of it. */
  private void opened(int id) {
    opened[place(id)] = id;
  }

  /**
   * What an error on a stream means for the connection.
   *
   * @return the same, or a worse one
   */
  Http2Exception judge(Http2Exception.StreamException error) {
    int id = error.streamId();
    if (connection.stream(id) != null) {
      return error;
    }
    if (error.error() != Http2Error.STREAM_CLOSED) {
      // Refused before it was a stream.
      opened(id);
      return error;
    }
    if (ended[place(id)] == id) {
      return Http2Exception.connectionError(
          Http2Error.STREAM_CLOSED, "stream %d goes on behind its end", id);
    }
    boolean remembered = id > connection.remote().lastStreamCreated() - 2 * REMEMBERED;
    if (remembered && opened[place(id)] != id) {
      return Http2Exception.connectionError(
          Http2Error.PROTOCOL_ERROR, "stream %d is opened behind a later one", id);
    }
    return error;
  }

  private static int place(int id) {
    return (id >>> 1) % REMEMBERED;
  }
}
