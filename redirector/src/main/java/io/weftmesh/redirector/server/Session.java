package io.weftmesh.redirector.server;

import io.weftmesh.redirector.lease.Descriptor;
import io.weftmesh.redirector.lease.Reason;
import io.weftmesh.redirector.lease.wire.Codec;
import io.weftmesh.redirector.lease.wire.Frame;
import io.weftmesh.redirector.lease.wire.MalformedFrameException;
import io.weftmesh.redirector.lease.wire.Message;
import io.weftmesh.redirector.lease.wire.Message.Event;
import io.weftmesh.redirector.lease.wire.Message.Failed;
import io.weftmesh.redirector.lease.wire.Message.Hello;
import io.weftmesh.redirector.lease.wire.Message.Reply;
import io.weftmesh.redirector.lease.wire.Message.Request;
import io.weftmesh.redirector.lease.wire.Message.Welcome;
import io.weftmesh.redirector.linux.LinuxException;
import io.weftmesh.redirector.linux.Packet;
import io.weftmesh.redirector.linux.Packets;
import io.weftmesh.redirector.linux.Sockets;
import io.weftmesh.redirector.log.Log;
import io.weftmesh.redirector.pods.Tally;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * One connected node-proxy. Receives on its own thread; each request is carried out on a thread of
 * its own, so that leasing sockets never waits for rules to be written, and at most {@link
 * #MAX_REQUESTS} of them: then nothing more is read.
 *
 * <p>What is not understood is refused with an answer, and counted; the session goes on, as packets
 * have borders of their own.
 */
final class Session implements Runnable {
  private static final int MAX_REQUESTS = 8;

  /** Further refusals are only counted, so that nobody can fill the log. */
  private static final int MAX_LOGGED_REFUSALS = 10;

  private final Descriptor socket;
  private final String name;
  private final Requests requests;
  private final Tally tally;
  private final LeaseServer server;
  private final Semaphore permits = new Semaphore(MAX_REQUESTS);
  private volatile boolean welcomed;
  private int refusals;

  Session(Descriptor socket, String name, Requests requests, Tally tally, LeaseServer server) {
    this.socket = socket;
    this.name = name;
    this.requests = requests;
    this.tally = tally;
    this.server = server;
  }

  @Override
  public void run() {
    server.began(this);
    Log.info("connected: " + name);
    try {
      while (true) {
        Packet packet = Packets.receive(socket.number(), Codec.MAX_FRAME_BYTES);
        if (packet.isEnd()) {
          packet.closeDescriptors();
          break;
        }
        receive(packet);
      }
      Log.info("disconnected: " + name);
    } catch (LinuxException lost) {
      Log.info("disconnected: " + name + ", " + lost.getMessage());
    } finally {
      server.ended(this);
      // Whoever is still at work for this session sends into its end, not into another file.
      permits.acquireUninterruptibly(MAX_REQUESTS);
      synchronized (this) {
        socket.close();
      }
    }
  }

  /** Wakes the receiving thread, which then ends the session. */
  synchronized void end() {
    try {
      Sockets.shutdown(socket.number());
    } catch (IllegalStateException closed) {
      // It has ended by itself.
    }
  }

  /**
   * Sends an event to a client that has said hello. No request is under way for it that would keep
   * the socket open, so it must not be closed meanwhile.
   */
  synchronized void tell(Event event) {
    if (welcomed) {
      send(0, event, List.of());
    }
  }

  private void receive(Packet packet) {
    List<Descriptor> descriptors = own(packet.descriptors());
    boolean handedOn = false;
    try {
      if (packet.truncated()) {
        throw new MalformedFrameException("more than " + Codec.MAX_FRAME_BYTES + " bytes");
      }
      Frame frame = Codec.decode(packet.bytes());
      String complaint = complaint(packet, frame.message(), descriptors.size());
      if (complaint != null) {
        refuse(frame.sequence(), Reason.MALFORMED, complaint);
      } else if (frame.message() instanceof Request request) {
        handedOn = true;
        start(frame.sequence(), request, descriptors);
      }
    } catch (MalformedFrameException malformed) {
      Reason reason = malformed.isWrongVersion() ? Reason.VERSION : Reason.MALFORMED;
      refuse(malformed.sequence(), reason, String.valueOf(malformed.getMessage()));
    } finally {
      if (!handedOn) {
        close(descriptors);
      }
    }
  }

  /** What is wrong with a message in this place; null if nothing. */
  private @Nullable String complaint(Packet packet, Message message, int descriptors) {
    String kind = message.getClass().getSimpleName();
    if (!(message instanceof Request request)) {
      return kind + " is not a request";
    }
    if (!welcomed && !(request instanceof Hello)) {
      return kind + " before Hello";
    }
    int expected = Requests.expectedDescriptors(request);
    if (packet.descriptorsLost() || descriptors != expected) {
      return kind + " with " + descriptors + " descriptors, expected " + expected;
    }
    return null;
  }

  private void start(int sequence, Request request, List<Descriptor> descriptors) {
    permits.acquireUninterruptibly();
    boolean started = false;
    try {
      Thread.ofPlatform()
          .name("request-" + sequence)
          .daemon()
          .start(new Errand(this, sequence, request, descriptors));
      started = true;
    } catch (OutOfMemoryError noThread) {
      close(descriptors);
      send(sequence, new Failed(Reason.EXHAUSTED, "no thread for the request"), List.of());
    } finally {
      if (!started) {
        permits.release();
      }
    }
  }

  private void refuse(int sequence, Reason reason, String complaint) {
    tally.refused();
    refusals++;
    if (refusals <= MAX_LOGGED_REFUSALS) {
      Log.warn("refused a message of " + name + ": " + complaint);
    }
    send(sequence, new Failed(reason, complaint), List.of());
  }

  /** A client that doesn't receive is cut off after the send timeout. */
  private void send(int sequence, Message message, List<Descriptor> descriptors) {
    int[] numbers = new int[descriptors.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = descriptors.get(i).number();
    }
    try {
      if (message instanceof Welcome) {
        welcomed = true;
      }
      Packets.send(socket.number(), Codec.encode(sequence, message), numbers);
    } catch (LinuxException failed) {
      Log.info("cannot send to " + name + ": " + failed.getMessage());
      end();
    } catch (IllegalStateException ended) {
      // The session's socket is closed: nobody is there to be told.
    } finally {
      close(descriptors);
    }
  }

  private static List<Descriptor> own(int[] numbers) {
    List<Descriptor> descriptors = new ArrayList<>(numbers.length);
    for (int number : numbers) {
      descriptors.add(new Descriptor(number));
    }
    return descriptors;
  }

  private static void close(List<Descriptor> descriptors) {
    for (Descriptor descriptor : descriptors) {
      descriptor.close();
    }
  }

  /** One request on its way. */
  private record Errand(
      Session session, int sequence, Request request, List<Descriptor> descriptors)
      implements Runnable, Replies {
    @Override
    public void run() {
      try {
        session.requests.handle(request, descriptors, this);
      } finally {
        session.permits.release();
      }
    }

    @Override
    public void send(Reply reply, List<Descriptor> attached) {
      session.send(sequence, reply, attached);
    }
  }
}
