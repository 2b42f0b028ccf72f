package io.weftmesh.redirector.lease.wire;

import io.weftmesh.redirector.lease.CaptureState;
import io.weftmesh.redirector.lease.Counters;
import io.weftmesh.redirector.lease.Family;
import io.weftmesh.redirector.lease.Reason;
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
import io.weftmesh.redirector.lease.wire.Message.PodAbandoned;
import io.weftmesh.redirector.lease.wire.Message.Restore;
import io.weftmesh.redirector.lease.wire.Message.RulesRepaired;
import io.weftmesh.redirector.lease.wire.Message.Welcome;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/**
 * Bytes to messages and back. A frame is one packet: version (1 byte), type (1), sequence number
 * (4, big-endian), and the fields of the message in the order of its record.
 *
 * <p>Hello, Welcome and Failed keep these bytes in all versions, so that two sides of different
 * versions can tell each other which they speak. Everything else may change with the version, and
 * nothing is skipped that is not understood.
 */
public final class Codec {
  /** The version of the protocol that is spoken here. */
  public static final int VERSION = 1;

  /** No frame is longer. */
  public static final int MAX_FRAME_BYTES = 16 * 1024;

  /** The most addresses of a node. */
  public static final int MAX_NODE_ADDRESSES = 512;

  /** The most sockets of one lease. */
  public static final int MAX_LEASE = 128;

  static final int MAX_TEXT_BYTES = 1024;

  private static final int HEADER_BYTES = 6;
  private static final int HELLO = 1;
  private static final int RESTORE = 2;
  private static final int OPEN = 3;
  private static final int ARM = 4;
  private static final int DISARM = 5;
  private static final int CLOSE = 6;
  private static final int LEASE = 7;
  private static final int LIST_PODS = 8;
  private static final int LIST_NODE_ADDRESSES = 9;
  private static final int WELCOME = 64;
  private static final int DONE = 65;
  private static final int OPENED = 66;
  private static final int LEASED = 67;
  private static final int LISTED = 68;
  private static final int LIST_END = 69;
  private static final int NODE_ADDRESSES = 70;
  private static final int FAILED = 71;
  private static final int POD_ABANDONED = 128;
  private static final int RULES_REPAIRED = 129;

  private static final Family[] FAMILIES = Family.values();
  private static final CaptureState[] STATES = CaptureState.values();
  private static final Reason[] REASONS = Reason.values();

  private Codec() {}

  /** The bytes of a frame. */
  public static byte[] encode(int sequence, Message message) {
    FrameWriter out = new FrameWriter();
    out.unsignedByte(VERSION).unsignedByte(type(message)).sequence(sequence);
    switch (message) {
      case Hello m ->
          out.unsignedByte(m.oldestVersion()).unsignedByte(m.newestVersion()).text(m.generation());
      case Restore m -> out.pod(m.pod());
      case Open m -> out.pod(m.pod());
      case Arm m -> out.text(m.podUid());
      case Disarm m -> out.text(m.podUid());
      case Close m -> out.text(m.podUid());
      case Lease m -> out.text(m.podUid()).constant(m.family()).unsignedByte(m.count());
      case ListPods m -> out.flag(m.withListeners());
      case ListNodeAddresses m -> out.flag(m.refresh());
      case Welcome m -> out.unsignedByte(m.version()).text(m.instance());
      case Done m -> {}
      case Opened m -> out.constant(m.state());
      case Leased m -> out.unsignedByte(m.count());
      case Listed m -> out.pod(m.pod()).constant(m.state());
      case ListEnd m ->
          out.counter(m.counters().repairs())
              .counter(m.counters().refused())
              .counter(m.counters().abandoned());
      case NodeAddresses m -> out.addresses(m.addresses());
      case Failed m -> out.constant(m.reason()).text(m.detail());
      case PodAbandoned m -> out.text(m.podUid());
      case RulesRepaired m -> out.text(m.podUid()).text(m.detail());
    }
    return out.bytes();
  }

  /**
   * The frame that the bytes are.
   *
   * @throws MalformedFrameException if they are none, for whatever reason
   */
  public static Frame decode(byte[] bytes) throws MalformedFrameException {
    if (bytes.length < HEADER_BYTES) {
      throw new MalformedFrameException(
          0, "frame has " + bytes.length + " bytes, expected at least " + HEADER_BYTES);
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    int version = Byte.toUnsignedInt(buffer.get());
    int type = Byte.toUnsignedInt(buffer.get());
    int sequence = buffer.getInt();
    if (version != VERSION) {
      throw new MalformedFrameException(
          sequence, "frame has version " + version + ", expected " + VERSION, true);
    }
    FrameReader in = new FrameReader(buffer);
    try {
      Message message = read(type, in);
      in.end();
      return new Frame(sequence, message);
    } catch (BufferUnderflowException truncated) {
      throw new MalformedFrameException(
          sequence, "frame of type " + type + " ends early, after " + bytes.length + " bytes");
    } catch (IllegalArgumentException malformed) {
      throw new MalformedFrameException(
          sequence, "frame of type " + type + ": " + malformed.getMessage());
    }
  }

  private static Message read(int type, FrameReader in) {
    return switch (type) {
      case HELLO -> new Hello(in.unsignedByte(), in.unsignedByte(), in.text());
      case RESTORE -> new Restore(in.pod());
      case OPEN -> new Open(in.pod());
      case ARM -> new Arm(in.podUid());
      case DISARM -> new Disarm(in.podUid());
      case CLOSE -> new Close(in.podUid());
      case LEASE -> new Lease(in.podUid(), in.constant(FAMILIES), leaseCount(in));
      case LIST_PODS -> new ListPods(in.flag());
      case LIST_NODE_ADDRESSES -> new ListNodeAddresses(in.flag());
      case WELCOME -> new Welcome(in.unsignedByte(), in.text());
      case DONE -> new Done();
      case OPENED -> new Opened(in.constant(STATES));
      case LEASED -> new Leased(leaseCount(in));
      case LISTED -> new Listed(in.pod(), in.constant(STATES));
      case LIST_END -> new ListEnd(new Counters(in.counter(), in.counter(), in.counter()));
      case NODE_ADDRESSES -> new NodeAddresses(in.addresses(MAX_NODE_ADDRESSES));
      case FAILED -> new Failed(in.constant(REASONS), in.text());
      case POD_ABANDONED -> new PodAbandoned(in.podUid());
      case RULES_REPAIRED -> new RulesRepaired(in.podUid(), in.text());
      default -> throw new IllegalArgumentException("no such type");
    };
  }

  private static int leaseCount(FrameReader in) {
    int count = in.unsignedByte();
    if (count < 1 || count > MAX_LEASE) {
      throw new IllegalArgumentException(
          "sockets to lease are " + count + ", expected 1 to " + MAX_LEASE);
    }
    return count;
  }

  private static int type(Message message) {
    return switch (message) {
      case Hello m -> HELLO;
      case Restore m -> RESTORE;
      case Open m -> OPEN;
      case Arm m -> ARM;
      case Disarm m -> DISARM;
      case Close m -> CLOSE;
      case Lease m -> LEASE;
      case ListPods m -> LIST_PODS;
      case ListNodeAddresses m -> LIST_NODE_ADDRESSES;
      case Welcome m -> WELCOME;
      case Done m -> DONE;
      case Opened m -> OPENED;
      case Leased m -> LEASED;
      case Listed m -> LISTED;
      case ListEnd m -> LIST_END;
      case NodeAddresses m -> NODE_ADDRESSES;
      case Failed m -> FAILED;
      case PodAbandoned m -> POD_ABANDONED;
      case RulesRepaired m -> RULES_REPAIRED;
    };
  }
}
