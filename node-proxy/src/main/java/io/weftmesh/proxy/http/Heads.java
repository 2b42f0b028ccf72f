package io.weftmesh.proxy.http;

import io.netty.util.concurrent.FastThreadLocal;
import io.weftmesh.proxy.http.codec.Head;
import java.util.ArrayDeque;

/**
 * Heads that wait for their next message. They are kept by event loop and not by connection: a
 * connection that idles holds none, and a loop needs only as many as it has requests at a time.
 */
final class Heads {
  private static final int KEPT = 256;

  private static final FastThreadLocal<ArrayDeque<Head>> SPARE =
      new FastThreadLocal<>() {
        @Override
        protected ArrayDeque<Head> initialValue() {
          return new ArrayDeque<>();
        }
      };

  private Heads() {}

  static Head take() {
    Head head = SPARE.get().pollLast();
    return head == null ? new Head() : head;
  }

  /** The caller must not touch it any more. */
  static void give(Head head) {
    ArrayDeque<Head> spare = SPARE.get();
    if (spare.size() < KEPT) {
      head.clear();
      spare.addLast(head);
    }
  }
}
