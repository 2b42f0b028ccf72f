package io.weftmesh.proxy.capture;

import io.netty.channel.socket.SocketChannel;
import java.net.InetSocketAddress;

/**
 * What becomes of the connections that a pod's listeners accept. Called on the connection's event
 * loop, where it is registered, with auto-read off; must not block. Whoever implements this owns
 * the channel from the call on.
 */
public interface Connections {
  /**
   * An application of the pod has opened a connection.
   *
   * @param destination where it wanted to go
   */
  void outbound(CapturedPod pod, SocketChannel accepted, InetSocketAddress destination);

  /**
   * Somebody has opened a plaintext connection to the pod.
   *
   * @param destination the pod's address and the application's port
   */
  void inbound(CapturedPod pod, SocketChannel accepted, InetSocketAddress destination);

  /** Somebody has opened a tunnel to the pod. */
  void tunnel(CapturedPod pod, SocketChannel accepted);
}
