package io.weftmesh.proxy.tunnel;

import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Dials what a test says, and keeps the streams for the test to play the application. */
final class TestInbound implements InboundStreams {
  interface Dial {
    Future<DuplexChannel> dial(
        EventLoop loop, LocalPod target, Caller caller, InetSocketAddress to);
  }

  record Accepted(
      DuplexChannel stream,
      DuplexChannel application,
      LocalPod target,
      Caller caller,
      InetSocketAddress destination) {}

  final BlockingQueue<Accepted> accepted = new LinkedBlockingQueue<>();
  final List<Caller> callers = new CopyOnWriteArrayList<>();
  volatile Dial dial =
      (loop, target, caller, to) -> {
        throw new AssertionError("the test dials nothing");
      };

  @Override
  public Future<DuplexChannel> dial(
      EventLoop loop, LocalPod target, Caller caller, InetSocketAddress destination) {
    callers.add(caller);
    return dial.dial(loop, target, caller, destination);
  }

  @Override
  public void relay(
      DuplexChannel stream,
      DuplexChannel application,
      LocalPod target,
      Caller caller,
      InetSocketAddress destination) {
    accepted.add(new Accepted(stream, application, target, caller, destination));
  }

  Accepted next() throws InterruptedException {
    Accepted next = accepted.poll(10, TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("no stream was accepted within 10 s");
    }
    return next;
  }
}
