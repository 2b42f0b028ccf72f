package io.weftmesh.redirector.lease;

import io.weftmesh.redirector.lease.wire.Codec;
import io.weftmesh.redirector.lease.wire.Frame;
import io.weftmesh.redirector.lease.wire.MalformedFrameException;
import io.weftmesh.redirector.lease.wire.Message.Event;
import io.weftmesh.redirector.lease.wire.Message.Listed;
import io.weftmesh.redirector.lease.wire.Message.PodAbandoned;
import io.weftmesh.redirector.lease.wire.Message.Reply;
import io.weftmesh.redirector.lease.wire.Message.Request;
import io.weftmesh.redirector.lease.wire.Message.RulesRepaired;
import io.weftmesh.redirector.linux.Files;
import io.weftmesh.redirector.linux.LinuxException;
import io.weftmesh.redirector.linux.Packet;
import io.weftmesh.redirector.linux.Packets;
import io.weftmesh.redirector.linux.Sockets;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * The socket, the thread that receives on it, and the requests that wait for replies.
 *
 * <p>The socket is closed by the receiving thread alone, under the write lock, while senders hold
 * the read lock: its number can't become another file's under a sender.
 */
final class Connection {
  private static final int SEND_TIMEOUT_SECONDS = 5;

  private final int socket;
  private final RedirectorListener listener;
  private final ReadWriteLock socketLock = new ReentrantReadWriteLock();
  private final AtomicInteger sequences = new AtomicInteger();
  private final Map<Integer, PendingCall> calls = new ConcurrentHashMap<>();
  private final AtomicReference<@Nullable Throwable> end = new AtomicReference<>();
  private boolean socketClosed;

  private Connection(int socket, RedirectorListener listener) {
    this.socket = socket;
    this.listener = listener;
  }

  static Connection open(Path path, RedirectorListener listener) throws RedirectorException {
    try {
      int socket = Sockets.socket(Sockets.AF_UNIX, Sockets.SOCK_SEQPACKET);
      Descriptor owner = new Descriptor(socket);
      try {
        Sockets.setSendTimeout(socket, SEND_TIMEOUT_SECONDS);
        Sockets.connectUnix(socket, path);
        Connection connection = new Connection(socket, listener);
        Thread.ofPlatform()
            .name("redirector-client")
            .daemon()
            .start(connection::receiveUntilTheEnd);
        owner.take();
        return connection;
      } finally {
        // Closes nothing once the connection has taken the number.
        owner.close();
      }
    } catch (LinuxException failed) {
      throw new RedirectorException(
          Reason.DISCONNECTED, "no redirector at " + path + ": " + failed.getMessage(), failed);
    }
  }

  /** Sends a request and waits for all of its replies. */
  Answers call(Request request, int... descriptors) throws RedirectorException {
    int sequence = sequences.updateAndGet(last -> last == Integer.MAX_VALUE ? 1 : last + 1);
    PendingCall call = new PendingCall();
    calls.put(sequence, call);
    try {
      send(Codec.encode(sequence, request), descriptors);
      return call.await(request);
    } finally {
      calls.remove(sequence);
    }
  }

  /** Ends the connection; the receiving thread sees it and closes the socket. */
  void close() {
    end.compareAndSet(null, new IOException("closed"));
    Lock lock = socketLock.readLock();
    lock.lock();
    try {
      if (!socketClosed) {
        Sockets.shutdown(socket);
      }
    } finally {
      lock.unlock();
    }
  }

  private void send(byte[] bytes, int... descriptors) throws RedirectorException {
    Lock lock = socketLock.readLock();
    lock.lock();
    try {
      Throwable ended = end.get();
      if (ended != null || socketClosed) {
        throw new RedirectorException(Reason.DISCONNECTED, "the connection has ended", ended);
      }
      Packets.send(socket, bytes, descriptors);
    } catch (LinuxException failed) {
      throw new RedirectorException(
          Reason.DISCONNECTED, "cannot send: " + failed.getMessage(), failed);
    } finally {
      lock.unlock();
    }
  }

  private void receiveUntilTheEnd() {
    Throwable cause;
    try {
      while (true) {
        Packet packet = Packets.receive(socket, Codec.MAX_FRAME_BYTES);
        if (packet.isEnd()) {
          cause = new IOException("the redirector has closed the connection");
          break;
        }
        receive(packet);
      }
    } catch (IOException | MalformedFrameException | RuntimeException failed) {
      cause = failed;
    }
    boolean lost = end.compareAndSet(null, cause);
    closeSocket();
    for (PendingCall call : calls.values()) {
      call.fail(Reason.DISCONNECTED, "the connection has ended", cause);
    }
    if (lost) {
      listener.connectionLost(cause);
    }
  }

  private void receive(Packet packet) throws MalformedFrameException {
    List<Descriptor> descriptors = new ArrayList<>(packet.descriptors().length);
    for (int number : packet.descriptors()) {
      descriptors.add(new Descriptor(number));
    }
    boolean handedOn = false;
    try {
      Frame frame = Codec.decode(packet.bytes());
      switch (frame.message()) {
        case Event event -> tell(event);
        case Reply reply ->
            handedOn =
                answer(
                    frame.sequence(), new Answer<>(reply, descriptors), packet.descriptorsLost());
        case Request unexpected ->
            throw new MalformedFrameException("the redirector sent a request: " + unexpected);
      }
    } finally {
      if (!handedOn) {
        descriptors.forEach(Descriptor::close);
      }
    }
  }

  /** Hands a reply to the thread that waits for it; false if it no longer does. */
  private boolean answer(int sequence, Answer<?> answer, boolean descriptorsLost) {
    PendingCall call = calls.get(sequence);
    if (call == null) {
      return false;
    }
    if (descriptorsLost) {
      call.fail(Reason.EXHAUSTED, "this process has no descriptors left to receive any", null);
      return false;
    }
    return call.add(answer, !(answer.message() instanceof Listed));
  }

  private void tell(Event event) {
    switch (event) {
      case PodAbandoned abandoned -> listener.podAbandoned(abandoned.podUid());
      case RulesRepaired repaired -> listener.rulesRepaired(repaired.podUid(), repaired.detail());
    }
  }

  private void closeSocket() {
    Lock lock = socketLock.writeLock();
    lock.lock();
    try {
      socketClosed = true;
      Files.close(socket);
    } finally {
      lock.unlock();
    }
  }
}
