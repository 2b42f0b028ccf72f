package io.weftmesh.proxy.tunnel;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The tunnels of one key on one loop, and who waits for one. Confined to the loop.
 *
 * <p>One tunnel is opened at a time, whoever asks meanwhile waits for it; a further one only when
 * those there are full. So a stampede of first connections costs one handshake.
 */
final class TunnelGroup implements TunnelDial.Receiver {
  private final LoopTunnels owner;
  private final TunnelKey key;
  private final LocalPod client;
  private final TunnelSettings settings;
  private final List<ClientTunnel> tunnels = new ArrayList<>(1);
  private final ArrayDeque<StreamRequest> waiting = new ArrayDeque<>();
  private boolean dialling;
  private boolean serveScheduled;

  TunnelGroup(LoopTunnels owner, TunnelKey key, LocalPod client, TunnelSettings settings) {
    this.owner = owner;
    this.key = key;
    this.client = client;
    this.settings = settings;
  }

  TunnelKey key() {
    return key;
  }

  void open(StreamRequest request) {
    ClientTunnel tunnel = waiting.isEmpty() ? withRoom() : null;
    if (tunnel != null) {
      tunnel.open(request);
    } else if (waiting.size() >= settings.maxWaiting() || (!dialling && isFull())) {
      request.fail(
          new Unreachable(
              Unreachable.Reason.OVERLOADED,
              "too many connections to "
                  + request.authority()
                  + ": "
                  + waiting.size()
                  + " wait, and "
                  + tunnels.size()
                  + " tunnels of at most "
                  + settings.maxTunnels()
                  + " are full"));
    } else {
      waiting.add(request);
      dialIfNeeded();
    }
  }

  /** No new stream goes into any of the tunnels that there are. */
  void retire() {
    for (ClientTunnel tunnel : List.copyOf(tunnels)) {
      tunnel.retire();
    }
  }

  private boolean isFull() {
    return tunnels.size() >= settings.maxTunnels() && areAllSettled();
  }

  /** One that isn't may have room for all who wait, in a moment. */
  private boolean areAllSettled() {
    for (ClientTunnel tunnel : tunnels) {
      if (!tunnel.isSettled()) {
        return false;
      }
    }
    return true;
  }

  private @Nullable ClientTunnel withRoom() {
    for (ClientTunnel tunnel : tunnels) {
      if (tunnel.hasRoom()) {
        return tunnel;
      }
    }
    return null;
  }

  private void dialIfNeeded() {
    if (!dialling
        && !waiting.isEmpty()
        && tunnels.size() < settings.maxTunnels()
        && areAllSettled()) {
      dialling = true;
      owner.dial(this, client);
    }
  }

  private void serve() {
    serveScheduled = false;
    while (!waiting.isEmpty()) {
      if (waiting.element().promise().isDone()) {
        waiting.remove();
        continue;
      }
      ClientTunnel tunnel = withRoom();
      if (tunnel == null) {
        break;
      }
      tunnel.open(waiting.remove());
    }
    if (owner.isDraining() || client.isLeaving()) {
      retire();
    }
    dialIfNeeded();
    forgetIfUnused();
  }

  /** Not at once: the news come out of the middle of the codec's work. */
  private void serveLater() {
    if (!serveScheduled) {
      serveScheduled = true;
      owner.loop().execute(this::serve);
    }
  }

  private void forgetIfUnused() {
    if (tunnels.isEmpty() && waiting.isEmpty() && !dialling && !serveScheduled) {
      owner.forget(this);
    }
  }

  @Override
  public void onEstablished(ClientTunnel tunnel) {
    dialling = false;
    tunnels.add(tunnel);
    owner.opened(tunnel);
    serveLater();
  }

  @Override
  public void onFailed(Unreachable cause) {
    dialling = false;
    // Those who ask from within are the next attempt's.
    List<StreamRequest> failed = List.copyOf(waiting);
    waiting.clear();
    for (StreamRequest request : failed) {
      request.fail(cause);
    }
    forgetIfUnused();
  }

  @Override
  public void onRoom(ClientTunnel tunnel) {
    if (!waiting.isEmpty()) {
      serveLater();
    }
  }

  @Override
  public void onRetired(ClientTunnel tunnel) {
    tunnels.remove(tunnel);
    serveLater();
  }

  @Override
  public void onClosed(ClientTunnel tunnel) {
    tunnels.remove(tunnel);
    owner.closed(tunnel);
    serveLater();
  }

  @Override
  public void again(ClientTunnel tunnel, StreamRequest request) {
    if (!request.mayTryAgain()) {
      request.fail(
          new Unreachable(
              Unreachable.Reason.REFUSED,
              "the proxy of " + request.authority() + " took no stream, however often asked"));
    } else if (!request.promise().isDone()) {
      waiting.add(request);
      owner.joined(this);
      serveLater();
    }
  }
}
