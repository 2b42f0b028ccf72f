package io.weftmesh.proxy.tunnel;

import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.proxy.identity.TlsContexts;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The tunnels that this node opened, shared by the streams of one loop that agree in the {@link
 * TunnelKey}: so that what all of them write in a turn leaves as one TLS record, and a new
 * connection costs no handshake.
 *
 * <p>A tunnel is <em>retired</em> when the peer says GOAWAY, when one of the two certificates ends,
 * when trust, policy or the client's certificate changes, when the client pod is released and at
 * the end of the process: it takes no new streams, those it carries go on, and it closes with the
 * last.
 *
 * <p>Thread-safe; each loop's part is confined to the loop.
 */
public final class TunnelPool {
  private final TlsContexts tls;
  private final TunnelSettings settings;
  private final TunnelMetrics.Side metrics;
  private final InstantSource clock;
  private final Map<EventLoop, LoopTunnels> loops = new ConcurrentHashMap<>();
  private final AtomicInteger open = new AtomicInteger();
  private volatile @Nullable CompletableFuture<Void> drained;

  public TunnelPool(
      TlsContexts tls, TunnelSettings settings, TunnelMetrics metrics, InstantSource clock) {
    this.tls = tls;
    this.settings = settings;
    this.metrics = metrics.client();
    this.clock = clock;
    tls.onChange(
        new TlsContexts.Listener() {
          @Override
          public void renewed(SpiffeId own) {
            retire(key -> key.client().equals(own));
          }

          @Override
          public void trustChanged() {
            retire(key -> true);
          }
        });
  }

  /**
   * Opens a stream to {@code target} in the name of {@code client}.
   *
   * @param expected whom the target's certificate must name
   * @return completes on {@code loop}, when the application has accepted; fails with {@link
   *     Unreachable}; cancelling gives the stream up
   */
  Future<DuplexChannel> open(
      EventLoop loop, LocalPod client, SpiffeId expected, InetSocketAddress target) {
    Promise<DuplexChannel> promise = loop.newPromise();
    var key =
        new TunnelKey(client.workload().uid(), client.identity(), expected, target.getAddress());
    InetSocketAddress from = new InetSocketAddress(client.workload().addresses().getFirst(), 0);
    StreamRequest request = new StreamRequest(from, target, promise);
    LoopTunnels tunnels = loops.computeIfAbsent(loop, its -> new LoopTunnels(this, its));
    if (loop.inEventLoop()) {
      tunnels.open(key, client, request);
    } else {
      loop.execute(() -> tunnels.open(key, client, request));
    }
    return promise;
  }

  /** A pod is no longer captured: its tunnels close with the streams that they have. */
  public void release(LocalPod client) {
    String uid = client.workload().uid();
    retire(key -> key.clientUid().equals(uid));
  }

  /** Policy has changed: new streams are to be judged anew. */
  public void renew() {
    retire(key -> true);
  }

  /**
   * The end of this process is near: nobody opens streams any more.
   *
   * @return completes, on any thread, when the last tunnel is closed
   */
  public CompletableFuture<Void> drain() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    drained = done;
    renew();
    completeIfDrained();
    return done;
  }

  private void retire(Predicate<TunnelKey> which) {
    loops.forEach((loop, tunnels) -> loop.execute(() -> tunnels.retire(which)));
  }

  private void completeIfDrained() {
    CompletableFuture<Void> done = drained;
    if (done != null && open.get() == 0) {
      done.complete(null);
    }
  }

  // ---- for the loops

  TunnelSettings settings() {
    return settings;
  }

  void dial(TunnelKey key, TunnelGroup group, EventLoop loop, LocalPod client) {
    new TunnelDial(key, tls, settings, metrics, clock, group).start(loop, client);
  }

  boolean isDraining() {
    return drained != null;
  }

  void opened() {
    open.incrementAndGet();
  }

  void closed() {
    open.decrementAndGet();
    completeIfDrained();
  }
}
