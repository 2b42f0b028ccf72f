package io.weftmesh.redirector.server;

import io.weftmesh.redirector.lease.Descriptor;
import io.weftmesh.redirector.lease.wire.Message.Reply;
import java.util.List;

/** Takes the replies to one request, in order. */
interface Replies {
  /** Sends a reply with its descriptors, and closes these here. */
  void send(Reply reply, List<Descriptor> descriptors);
}
