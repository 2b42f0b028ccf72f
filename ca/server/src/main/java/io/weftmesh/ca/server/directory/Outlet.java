package io.weftmesh.ca.server.directory;

import io.weftmesh.ca.v1.DirectoryMessage;

/** The sending side of one stream to a node, with its flow control. */
public interface Outlet {
  /** Whether a message would be sent now and not queue up. */
  boolean isReady();

  void send(DirectoryMessage message);

  /** Ends the stream: the caller is no longer who it was. */
  void refuse();

  /** Ends the stream: another one of the same process has come in its place. */
  void replaced();
}
