package io.weftmesh.redirector.server;

import io.weftmesh.redirector.lease.CaptureState;
import io.weftmesh.redirector.lease.Descriptor;
import io.weftmesh.redirector.lease.Listeners;
import io.weftmesh.redirector.lease.OpenedPod;
import io.weftmesh.redirector.lease.PodState;
import io.weftmesh.redirector.lease.Reason;
import io.weftmesh.redirector.lease.RedirectorException;
import io.weftmesh.redirector.lease.wire.Codec;
import io.weftmesh.redirector.lease.wire.Message.Arm;
import io.weftmesh.redirector.lease.wire.Message.Close;
import io.weftmesh.redirector.lease.wire.Message.Disarm;
import io.weftmesh.redirector.lease.wire.Message.Done;
import io.weftmesh.redirector.lease.wire.Message.Failed;
import io.weftmesh.redirector.lease.wire.Message.Hello;
import io.weftmesh.redirector.lease.wire.Message.Lease;
import io.weftmesh.redirector.lease.wire.Message.Leased;
import io.weftmesh.redirector.lease.wire.Message.ListEnd;
import io.weftmesh.redirector.lease.wire.Message.ListNodeAddresses;
import io.weftmesh.redirector.lease.wire.Message.ListPods;
import io.weftmesh.redirector.lease.wire.Message.Listed;
import io.weftmesh.redirector.lease.wire.Message.NodeAddresses;
import io.weftmesh.redirector.lease.wire.Message.Open;
import io.weftmesh.redirector.lease.wire.Message.Opened;
import io.weftmesh.redirector.lease.wire.Message.Request;
import io.weftmesh.redirector.lease.wire.Message.Restore;
import io.weftmesh.redirector.lease.wire.Message.Welcome;
import io.weftmesh.redirector.linux.Errno;
import io.weftmesh.redirector.linux.LinuxException;
import io.weftmesh.redirector.log.Log;
import io.weftmesh.redirector.pods.Pods;
import io.weftmesh.redirector.pods.Tally;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;

/** Carries out requests. Thread-safe; may take long, and says in a reply whatever went wrong. */
final class Requests {
  private static final String INSTANCE = "redirector-" + ProcessHandle.current().pid();

  private final Pods pods;
  private final NodeAddressBook nodeAddresses;
  private final Tally tally;

  Requests(Pods pods, NodeAddressBook nodeAddresses, Tally tally) {
    this.pods = pods;
    this.nodeAddresses = nodeAddresses;
    this.tally = tally;
  }

  /** How many descriptors a request must bring. */
  static int expectedDescriptors(Request request) {
    return request instanceof Restore ? 3 : 0;
  }

  /**
   * Carries out one request.
   *
   * @param descriptors as many as expected; closed here, or taken over
   */
  void handle(Request request, List<Descriptor> descriptors, Replies replies) {
    String kind = request.getClass().getSimpleName();
    Failed failed;
    try {
      carryOut(request, descriptors, replies);
      return;
    } catch (RedirectorException refused) {
      failed = new Failed(refused.reason(), refused.detail());
    } catch (LinuxException refused) {
      failed =
          new Failed(isExhaustion(refused) ? Reason.EXHAUSTED : Reason.INTERNAL, text(refused));
    } catch (IOException failure) {
      failed = new Failed(Reason.INTERNAL, text(failure));
    } catch (OutOfMemoryError noThread) {
      // The limit of threads shows as this too.
      failed = new Failed(Reason.EXHAUSTED, text(noThread));
    } catch (RuntimeException mistake) {
      Log.error(kind, mistake);
      failed = new Failed(Reason.INTERNAL, mistake.toString());
    }
    Log.warn(kind + " failed, " + failed.reason() + ": " + failed.detail());
    replies.send(failed, List.of());
  }

  private void carryOut(Request request, List<Descriptor> descriptors, Replies replies)
      throws IOException {
    switch (request) {
      case Hello hello -> replies.send(hello(hello), List.of());
      case Restore restore -> {
        CaptureState state = pods.restore(restore.pod(), Listeners.of(descriptors));
        replies.send(new Opened(state), List.of());
      }
      case Open open -> {
        OpenedPod opened = pods.open(open.pod());
        replies.send(new Opened(opened.state()), opened.listeners().descriptors());
      }
      case Arm arm -> {
        pods.change(arm.podUid(), CaptureState.ARMED);
        replies.send(new Done(), List.of());
      }
      case Disarm disarm -> {
        pods.change(disarm.podUid(), CaptureState.DRAINING);
        replies.send(new Done(), List.of());
      }
      case Close close -> {
        pods.close(close.podUid());
        replies.send(new Done(), List.of());
      }
      case Lease lease -> {
        List<Descriptor> sockets = pods.lease(lease.podUid(), lease.family(), lease.count());
        replies.send(new Leased(lease.count()), sockets);
      }
      case ListPods list -> {
        pods.forEach(
            list.withListeners(),
            pod -> replies.send(new Listed(pod.pod(), pod.state()), listeners(pod)));
        replies.send(new ListEnd(tally.counters()), List.of());
      }
      case ListNodeAddresses list -> {
        List<InetAddress> addresses = bounded(nodeAddresses.addresses(list.refresh()));
        replies.send(new NodeAddresses(addresses), List.of());
      }
    }
  }

  private static Welcome hello(Hello hello) throws RedirectorException {
    if (hello.oldestVersion() > Codec.VERSION || hello.newestVersion() < Codec.VERSION) {
      throw new RedirectorException(
          Reason.VERSION,
          "the client speaks versions "
              + hello.oldestVersion()
              + " to "
              + hello.newestVersion()
              + ", the redirector "
              + Codec.VERSION);
    }
    Log.info("hello of generation " + hello.generation());
    return new Welcome(Codec.VERSION, INSTANCE);
  }

  private static List<Descriptor> listeners(PodState pod) {
    return pod.listeners() == null ? List.of() : pod.listeners().descriptors();
  }

  private static List<InetAddress> bounded(List<InetAddress> addresses) {
    return addresses.size() <= Codec.MAX_NODE_ADDRESSES
        ? addresses
        : addresses.subList(0, Codec.MAX_NODE_ADDRESSES);
  }

  private static boolean isExhaustion(LinuxException failure) {
    return switch (failure.errno()) {
      case Errno.EMFILE, Errno.ENFILE, Errno.ENOMEM, Errno.ENOBUFS -> true;
      default -> false;
    };
  }

  private static String text(Throwable failure) {
    String message = failure.getMessage();
    return message == null ? failure.toString() : message;
  }
}
