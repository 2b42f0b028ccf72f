package io.weftmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * Frames of HTTP/2 as a table has them, with nothing between them and the wire that would keep a
 * rule. Frames are separated by semicolons:
 *
 * <pre>
 * headers 1 end more {get} x=y   HEADERS with END_STREAM and without END_HEADERS
 * block 1 end 828684             the same with the header block in hexadecimal
 * continuation 1 more x=y        CONTINUATION without END_HEADERS
 * data 1 end text
 * reset 1 8 / window 1 5 / priority 1 / settings 3=100 / settings ack / ping
 * frame 6 0 1 0000               any type, flags, stream and payload
 * text {smuggled}                no frame at all
 * stop-reading                   from here on nothing that the proxy says is taken
 * 20000* headers $ {get} + reset $ 8   again and again, $ being the next stream
 * </pre>
 */
final class HostileScript {
  private static final int END_STREAM = 0x1;
  private static final int END_HEADERS = 0x4;

  private final Wire wire;
  private int nextStream = 1;

  /**
   * @param wire on which the preface is sent at once
   */
  HostileScript(Wire wire) {
    this.wire = wire;
    wire.sends("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    play("settings");
  }

  void play(String script) {
    for (String step : script.split("; ", -1)) {
      int star = step.indexOf("* ");
      int times = star < 0 ? 1 : Integer.parseInt(step.substring(0, star));
      String[] frames = step.substring(star < 0 ? 0 : star + 2).split(" \\+ ", -1);
      for (int i = 0; i < times && wire.isActive(); i++) {
        for (String frame : frames) {
          play(List.of(frame.replace("$", Integer.toString(nextStream)).split(" ", -1)));
        }
        nextStream += step.contains("$") ? 2 : 0;
      }
    }
  }

  private void play(List<String> words) {
    int stream = words.size() > 1 && words.get(1).matches("\\d+") ? number(words.get(1)) : 0;
    boolean end = words.contains("end");
    int flags = (end ? END_STREAM : 0) | (words.contains("more") ? 0 : END_HEADERS);
    List<String> rest = new ArrayList<>(words.subList(Math.min(2, words.size()), words.size()));
    rest.removeIf(word -> word.equals("end") || word.equals("more"));
    switch (words.getFirst()) {
      case "headers" -> block(stream, flags, fields(rest));
      case "block" -> block(stream, flags, hex(rest));
      case "continuation" -> frame(9, flags, stream, fields(rest));
      case "data" -> frame(0, flags & END_STREAM, stream, text(rest));
      case "reset" -> frame(3, 0, stream, ints(number(rest.getFirst())));
      case "window" -> frame(8, 0, stream, ints(number(rest.getFirst())));
      case "priority" -> frame(2, 0, stream, Unpooled.buffer().writeZero(5));
      case "ping" -> frame(6, 0, 0, Unpooled.buffer().writeZero(8));
      case "settings" -> settings(words.subList(1, words.size()));
      case "frame" ->
          frame(
              number(words.get(1)),
              number(words.get(2)),
              number(words.get(3)),
              hex(words.subList(4, words.size())));
      case "stop-reading" -> wire.block();
      case "text" -> wire.sends(HostileText.bytes(words.get(1)));
      default -> throw new IllegalArgumentException("no frame: " + words);
    }
  }

  private void settings(List<String> words) {
    boolean ack = words.contains("ack");
    ByteBuf payload = Unpooled.buffer();
    for (String word : ack ? List.<String>of() : words) {
      String[] setting = word.split("=", -1);
      payload.writeShort(number(setting[0])).writeInt(number(setting[1]));
    }
    frame(4, ack ? 1 : 0, 0, payload);
  }

  /** A header block in as many frames as it takes. */
  private void block(int stream, int flags, ByteBuf block) {
    int max = 16_384;
    boolean whole = block.readableBytes() <= max;
    frame(
        1,
        whole ? flags : flags & ~END_HEADERS,
        stream,
        block.readRetainedSlice(Math.min(max, block.readableBytes())));
    while (block.isReadable() && wire.isActive()) {
      ByteBuf part = block.readRetainedSlice(Math.min(max, block.readableBytes()));
      frame(9, block.isReadable() ? 0 : flags & END_HEADERS, stream, part);
    }
    block.release();
  }

  private void frame(int type, int flags, int stream, ByteBuf payload) {
    if (wire.isActive()) {
      ByteBuf frame = wire.alloc().buffer(9 + payload.readableBytes());
      frame.writeMedium(payload.readableBytes()).writeByte(type).writeByte(flags).writeInt(stream);
      wire.writeInbound(frame.writeBytes(payload));
    }
    payload.release();
  }

  /** Literals that no table remembers. */
  private static ByteBuf fields(List<String> words) {
    ByteBuf block = Unpooled.buffer();
    for (String word : expanded(words)) {
      int equals = word.indexOf('=');
      block.writeByte(0);
      string(block, HostileText.bytes(word.substring(0, equals)));
      string(block, HostileText.bytes(word.substring(equals + 1)));
    }
    return block;
  }

  private static List<String> expanded(List<String> words) {
    String text =
        String.join(" ", words)
            .replace("{get}", ":method=GET :scheme=http :path=/sent")
            .replace("{post}", ":method=POST :scheme=http :path=/sent");
    // What has a space in it repeats whole fields.
    String fields = text.contains(" *") ? HostileText.bytes(text) : text;
    return Arrays.stream(fields.split(" ", -1)).filter(field -> !field.isEmpty()).toList();
  }

  private static void string(ByteBuf block, String text) {
    int length = text.length();
    if (length < 127) {
      block.writeByte(length);
    } else {
      block.writeByte(127);
      for (length -= 127; length > 127; length >>>= 7) {
        block.writeByte((length & 127) | 128);
      }
      block.writeByte(length);
    }
    block.writeCharSequence(text, StandardCharsets.ISO_8859_1);
  }

  private static ByteBuf text(List<String> words) {
    return Unpooled.copiedBuffer(
        HostileText.bytes(String.join(" ", words)), StandardCharsets.ISO_8859_1);
  }

  private static ByteBuf hex(List<String> words) {
    return Unpooled.wrappedBuffer(
        HexFormat.of().parseHex(HostileText.bytes(String.join("", words))));
  }

  private static ByteBuf ints(int value) {
    return Unpooled.buffer().writeInt(value);
  }

  private static int number(String text) {
    return Integer.parseUnsignedInt(text);
  }
}
