package io.weftmesh.proxy.tcp;

import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import org.jspecify.annotations.Nullable;

/**
 * Netty's epoll loop, except that turning reading off really turns it off.
 *
 * <p>Netty always asks the kernel for {@code EPOLLRDHUP}, and when a peer has finished sending it
 * reads whatever is left in the receive buffer at once, megabytes of it, whether reading is on or
 * not. That breaks three promises: that a slow reader bounds what we hold, that one connection
 * moves a bounded number of bytes per turn, and that nothing passes down a pipeline which is not
 * complete yet. So the event is not asked for. What it tells is learned otherwise:
 *
 * <ul>
 *   <li>the end of the peer's bytes by reading to it, once reading is on;
 *   <li>a reset by {@code EPOLLERR}, which the kernel reports always, provided that the descriptor
 *       stays in the epoll set, for which {@code EPOLLERR} is asked for explicitly;
 *   <li>that both directions are shut by {@code EPOLLHUP}, which is reported always and at every
 *       turn: to end that, the rest is then read as Netty would have done. A socket that is not
 *       connected yet reports it too, but is never readable with it.
 * </ul>
 */
public final class PausableEpoll {
  private static final int HUP = 0x10;
  private static final int IN = EpollIoOps.EPOLLIN.value();
  private static final EpollIoOps PEER_FINISHED = EpollIoOps.EPOLLRDHUP;

  private PausableEpoll() {}

  /** For {@link io.netty.channel.MultiThreadIoEventLoopGroup}. */
  public static IoHandlerFactory newFactory() {
    IoHandlerFactory epoll = EpollIoHandler.newFactory();
    return executor -> new Handler(epoll.newHandler(executor));
  }

  private record Handler(IoHandler epoll) implements IoHandler {
    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
      var wrapped = new Handle((EpollIoHandle) handle);
      return wrapped.registration(epoll.register(wrapped));
    }

    @Override
    public void initialize() {
      epoll.initialize();
    }

    @Override
    public int run(IoHandlerContext context) {
      return epoll.run(context);
    }

    @Override
    public void prepareToDestroy() {
      epoll.prepareToDestroy();
    }

    @Override
    public void destroy() {
      epoll.destroy();
    }

    @Override
    public void wakeup() {
      epoll.wakeup();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
      return epoll.isCompatible(handleType);
    }
  }

  private record Event(EpollIoOps ops) implements EpollIoEvent {}

  /** What the kernel reports, on its way to the channel. */
  @SuppressWarnings("try") // Netty's handles may throw anything when they are closed.
  private static final class Handle implements EpollIoHandle {
    private final EpollIoHandle channel;
    private @Nullable Registration registration;

    Handle(EpollIoHandle channel) {
      this.channel = channel;
    }

    Registration registration(IoRegistration epoll) {
      var made = new Registration(epoll);
      registration = made;
      return made;
    }

    @Override
    public void handle(IoRegistration epoll, IoEvent event) {
      Registration own = registration == null ? registration(epoll) : registration;
      var reported = (EpollIoEvent) event;
      int operations = reported.ops().value();
      if ((operations & HUP) == 0) {
        channel.handle(own, reported);
      } else if ((operations & IN) == 0) {
        own.askWhetherReadable();
        channel.handle(own, reported);
      } else {
        channel.handle(own, new Event(reported.ops().with(PEER_FINISHED)));
      }
    }

    @Override
    public FileDescriptor fd() {
      return channel.fd();
    }

    @Override
    public void registered() {
      channel.registered();
    }

    @Override
    public void unregistered() {
      channel.unregistered();
    }

    @Override
    public void close() throws Exception {
      channel.close();
    }
  }

  /** What the channel asks for, on its way to the kernel. */
  private static final class Registration implements IoRegistration {
    private final IoRegistration epoll;
    private volatile EpollIoOps asked = EpollIoOps.EPOLLERR;

    Registration(IoRegistration epoll) {
      this.epoll = epoll;
    }

    void askWhetherReadable() {
      epoll.submit(asked.with(EpollIoOps.EPOLLIN));
    }

    @Override
    public long submit(IoOps operations) {
      asked = ((EpollIoOps) operations).without(PEER_FINISHED).with(EpollIoOps.EPOLLERR);
      return epoll.submit(asked);
    }

    @Override
    @SuppressWarnings("TypeParameterUnusedInFormals") // Netty's signature.
    public <T> T attachment() {
      return epoll.attachment();
    }

    @Override
    public boolean isValid() {
      return epoll.isValid();
    }

    @Override
    public boolean cancel() {
      return epoll.cancel();
    }
  }
}
