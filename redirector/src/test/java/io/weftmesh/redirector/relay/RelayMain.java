package io.weftmesh.redirector.relay;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.weftmesh.redirector.lease.Exclusions;
import io.weftmesh.redirector.lease.HeldPod;
import io.weftmesh.redirector.lease.OpenedPod;
import io.weftmesh.redirector.lease.PodRef;
import io.weftmesh.redirector.lease.RedirectorClient;
import io.weftmesh.redirector.lease.RedirectorException;
import io.weftmesh.redirector.lease.RedirectorListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Arguments: the redirector's socket, then pods' UIDs, which are opened, armed and served. */
@SuppressWarnings("FutureReturnValueIgnored") // Channels report failures to their handlers.
public final class RelayMain implements RedirectorListener {
  private final Path socket;
  private final Map<String, HeldPod> held = new ConcurrentHashMap<>();
  private volatile RedirectorClient client;

  private RelayMain(Path socket) throws RedirectorException {
    this.socket = socket;
    this.client = RedirectorClient.connect(socket, "relay", this);
  }

  public static void main(String[] arguments) throws IOException {
    RelayMain relay = new RelayMain(Path.of(arguments[0]));
    EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    ExecutorService leasing = Executors.newSingleThreadExecutor();
    for (int i = 1; i < arguments.length; i++) {
      String uid = arguments[i];
      OpenedPod pod = relay.client.open(new PodRef(uid, "test", "pod", List.of(), Exclusions.NONE));
      relay.held.put(uid, new HeldPod(pod.pod(), pod.listeners()));
      new PodRelay(uid, loops, leasing, () -> relay.client).accept(pod.listeners());
      relay.client.arm(uid);
    }
    System.out.println("ready");
  }

  @Override
  public void podAbandoned(String podUid) {
    System.out.println("abandoned " + podUid);
  }

  @Override
  public void rulesRepaired(String podUid, String detail) {
    System.out.println("repaired " + podUid + " " + detail);
  }

  @Override
  public void connectionLost(Throwable cause) {
    System.out.println("lost");
    Thread.ofPlatform().start(this::reconnect);
  }

  private void reconnect() {
    while (true) {
      try {
        RedirectorClient fresh = RedirectorClient.connect(socket, "relay", this);
        for (HeldPod pod : held.values()) {
          fresh.restore(pod);
        }
        client = fresh;
        System.out.println("restored");
        return;
      } catch (RedirectorException notYet) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
      }
    }
  }
}
