package io.weftmesh.proxy.capture;

import java.util.concurrent.CompletionStage;

/** How the mesh learns of this node's pods. Thread-safe; never blocks. */
public interface CaptureReports {
  /** The pod is captured: peers are to speak mutual TLS to it. Repeating it does no harm. */
  void captured(String podUid);

  /**
   * Peers are to speak to the pod directly from now on.
   *
   * @return completes when every node knows, or when those that don't were waited for long enough;
   *     fails when the ca can't be asked
   */
  CompletionStage<Void> withdraw(String podUid);
}
