package io.weftmesh.proxy.http.codec;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The head of a message, or its trailers: a start line and fields, as the bytes that were read plus
 * an index over them. Strings are made only of what is asked for. Fields can be removed and added;
 * the others are written as they were read, in their order and case.
 *
 * <p>Reusable, because it is the largest thing that a request needs: {@link #clear()} and read
 * again.
 */
public final class Head {
  // The index holds five numbers for each field line.
  private static final int NAME_START = 0;
  private static final int NAME_END = 1;
  private static final int VALUE_START = 2;
  private static final int VALUE_END = 3;
  private static final int LINE_END = 4;
  private static final int STRIDE = 5;

  /** A larger head is unusual. */
  private static final int USUAL_BYTES = 8192;

  byte[] bytes = new byte[1024];
  int length;

  private int[] index = new int[STRIDE * 24];
  private @Nullable Field[] known = new Field[24];
  private boolean[] removed = new boolean[24];
  private int count;

  private String method = "";
  private String scheme = "";
  private int targetStart;
  private int targetEnd;
  private @Nullable String target;
  private int status;
  private int reasonStart;
  private int reasonEnd;
  private boolean http10;

  /** Ready for another message. What was grown for an unusually large one is given up. */
  public void clear() {
    if (bytes.length > USUAL_BYTES) {
      SpareArrays.ofThread().give(bytes);
      bytes = new byte[1024];
    }
    if (known.length > 64) {
      index = new int[STRIDE * 24];
      known = new Field[24];
      removed = new boolean[24];
    }
    length = 0;
    count = 0;
    method = "";
    scheme = "";
    target = null;
    targetStart = 0;
    targetEnd = 0;
    status = 0;
    reasonStart = 0;
    reasonEnd = 0;
    http10 = false;
  }

  // --- the start line ---

  /** The method of a request. */
  public String method() {
    return method;
  }

  /** The request target as it was sent. */
  public String target() {
    if (target == null) {
      target = text(targetStart, targetEnd);
    }
    return target;
  }

  /** What an HTTP/2 request says in {@code :scheme}; empty if the request is HTTP/1. */
  public String scheme() {
    return scheme;
  }

  /** The status code of a response. */
  public int status() {
    return status;
  }

  /** Whether the sender speaks HTTP/1.0; otherwise it is 1.1. */
  public boolean isHttp10() {
    return http10;
  }

  /** The head of an answer, without fields. */
  public static Head response(int status, String reason) {
    Head head = new Head();
    head.append(reason);
    head.statusLine(status, 0, head.length, false);
    return head;
  }

  /** The same head, apart from this one. */
  public Head copy() {
    Head copy = new Head();
    copy.bytes = Arrays.copyOf(bytes, bytes.length);
    copy.length = length;
    copy.index = Arrays.copyOf(index, index.length);
    copy.known = Arrays.copyOf(known, known.length);
    copy.removed = Arrays.copyOf(removed, removed.length);
    copy.count = count;
    copy.method = method;
    copy.targetStart = targetStart;
    copy.targetEnd = targetEnd;
    copy.target = target;
    copy.status = status;
    copy.reasonStart = reasonStart;
    copy.reasonEnd = reasonEnd;
    copy.http10 = http10;
    return copy;
  }

  /**
   * Puts another request target in place of the one that was sent.
   *
   * @throws IllegalArgumentException when it could not be sent as it is
   */
  public void target(String newTarget) {
    int start = length;
    append(newTarget);
    for (int i = start; i < length; i++) {
      if (!Chars.isTarget(bytes[i])) {
        length = start;
        throw new IllegalArgumentException("'" + newTarget + "' cannot be a request target");
      }
    }
    targetStart = start;
    targetEnd = length;
    target = null;
  }

  void requestLine(String newMethod, int start, int end, boolean isHttp10) {
    method = newMethod;
    targetStart = start;
    targetEnd = end;
    http10 = isHttp10;
  }

  void scheme(String newScheme) {
    scheme = newScheme;
  }

  void statusLine(int newStatus, int start, int end, boolean isHttp10) {
    status = newStatus;
    reasonStart = start;
    reasonEnd = end;
    http10 = isHttp10;
  }

  // --- fields ---

  /** How many fields there are, removed ones included: the bound of a loop over {@link #isAt}. */
  public int count() {
    return count;
  }

  /** Whether the field at this place is still there and is this one. */
  public boolean isAt(int place, Field field) {
    return known[place] == field && !removed[place];
  }

  /** The first field of this name, as its place, or -1. */
  public int find(Field field) {
    for (int i = 0; i < count; i++) {
      if (known[i] == field && !removed[i]) {
        return i;
      }
    }
    return -1;
  }

  public boolean has(Field field) {
    return find(field) >= 0;
  }

  /** The value of the first field of this name, or null. */
  public @Nullable String value(Field field) {
    int place = find(field);
    return place < 0 ? null : value(place);
  }

  public String value(int place) {
    return text(index[place * STRIDE + VALUE_START], index[place * STRIDE + VALUE_END]);
  }

  public String name(int place) {
    return text(index[place * STRIDE + NAME_START], index[place * STRIDE + NAME_END]);
  }

  public boolean isRemoved(int place) {
    return removed[place];
  }

  /**
   * The value of all fields of this name, joined by a comma as RFC 9110, 5.3 says, or null.
   *
   * @param name in any case
   */
  public @Nullable String value(String name) {
    String value = null;
    for (int i = 0; i < count; i++) {
      if (!removed[i] && isNamed(i, name)) {
        value = value == null ? value(i) : value + "," + value(i);
      }
    }
    return value;
  }

  /**
   * Whether a comma-separated list in the fields of this name has this member.
   *
   * @param lowerCaseMember in lower case
   */
  public boolean lists(Field field, byte[] lowerCaseMember) {
    for (int i = 0; i < count; i++) {
      if (known[i] == field && !removed[i]) {
        var member = new ListMember(this, i);
        while (member.next()) {
          if (member.is(lowerCaseMember)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  public void remove(int place) {
    removed[place] = true;
  }

  public void remove(Field field) {
    for (int i = 0; i < count; i++) {
      if (known[i] == field) {
        removed[i] = true;
      }
    }
  }

  /** Removes all fields of this name, given in any case. */
  public void remove(String name) {
    for (int i = 0; i < count; i++) {
      if (isNamed(i, name)) {
        removed[i] = true;
      }
    }
  }

  /**
   * Removes the fields that {@code Connection} names. Not those that frame or address the message:
   * naming them is a known way to have a proxy send a message that it did not check.
   */
  public void removeConnectionOptions() {
    for (int i = 0; i < count; i++) {
      if (known[i] == Field.CONNECTION && !removed[i]) {
        var option = new ListMember(this, i);
        while (option.next()) {
          removeOption(option.start, option.end);
        }
      }
    }
  }

  private void removeOption(int start, int end) {
    for (int i = 0; i < count; i++) {
      if (isNamed(i, bytes, start, end) && !isEssential(known[i])) {
        removed[i] = true;
      }
    }
  }

  private static boolean isEssential(@Nullable Field field) {
    return field == Field.CONNECTION
        || field == Field.CONTENT_LENGTH
        || field == Field.TRANSFER_ENCODING
        || field == Field.HOST
        || field == Field.UPGRADE
        || field == Field.TE;
  }

  /**
   * Adds a field behind the others.
   *
   * @throws IllegalArgumentException when name or value could not be sent as they are
   */
  public void add(String name, String value) {
    int nameStart = length;
    append(name);
    for (int i = nameStart; i < length; i++) {
      if (!Chars.isToken(bytes[i])) {
        throw new IllegalArgumentException("'" + name + "' is not a header name");
      }
    }
    int nameEnd = length;
    append(": ");
    int valueStart = length;
    append(value);
    for (int i = valueStart; i < length; i++) {
      if (!Chars.isValue(bytes[i])) {
        throw new IllegalArgumentException("'" + value + "' cannot be the value of " + name);
      }
    }
    int valueEnd = length;
    append("\r\n");
    index(nameStart, nameEnd, valueStart, valueEnd, length);
  }

  public void add(Field field, String value) {
    add(field.wireName(), value);
  }

  public void set(Field field, String value) {
    remove(field);
    add(field, value);
  }

  /** Replaces all fields of this name by one. */
  public void set(String name, String value) {
    remove(name);
    add(name, value);
  }

  void index(int nameStart, int nameEnd, int valueStart, int valueEnd, int lineEnd) {
    if (count == known.length) {
      index = Arrays.copyOf(index, index.length * 2);
      known = Arrays.copyOf(known, known.length * 2);
      removed = Arrays.copyOf(removed, removed.length * 2);
    }
    int at = count * STRIDE;
    index[at + NAME_START] = nameStart;
    index[at + NAME_END] = nameEnd;
    index[at + VALUE_START] = valueStart;
    index[at + VALUE_END] = valueEnd;
    index[at + LINE_END] = lineEnd;
    known[count] = Field.of(bytes, nameStart, nameEnd);
    removed[count] = false;
    count++;
  }

  @Nullable Field known(int place) {
    return known[place];
  }

  int nameStart(int place) {
    return index[place * STRIDE + NAME_START];
  }

  int nameEnd(int place) {
    return index[place * STRIDE + NAME_END];
  }

  int valueStart(int place) {
    return index[place * STRIDE + VALUE_START];
  }

  int valueEnd(int place) {
    return index[place * STRIDE + VALUE_END];
  }

  private boolean isNamed(int place, String name) {
    int start = index[place * STRIDE + NAME_START];
    int end = index[place * STRIDE + NAME_END];
    if (end - start != name.length()) {
      return false;
    }
    for (int i = 0; i < name.length(); i++) {
      if (Field.lowerCase(bytes[start + i]) != Field.lowerCase((byte) name.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  /** Whether the field at {@code place} is named as the bytes say, in any case. */
  boolean isNamed(int place, byte[] name, int start, int end) {
    int own = index[place * STRIDE + NAME_START];
    if (index[place * STRIDE + NAME_END] - own != end - start) {
      return false;
    }
    for (int i = start; i < end; i++, own++) {
      if (Field.lowerCase(bytes[own]) != Field.lowerCase(name[i])) {
        return false;
      }
    }
    return true;
  }

  // --- writing ---

  /** Writes {@code METHOD target HTTP/1.1}, the fields and the empty line. */
  public void writeRequest(ByteBuf out) {
    out.writeCharSequence(method, StandardCharsets.US_ASCII);
    out.writeByte(' ');
    out.writeBytes(bytes, targetStart, targetEnd - targetStart);
    out.writeCharSequence(" HTTP/1.1\r\n", StandardCharsets.US_ASCII);
    writeFields(out);
  }

  /** Writes {@code HTTP/1.1 status reason}, the fields and the empty line. */
  public void writeResponse(ByteBuf out) {
    out.writeCharSequence("HTTP/1.1 ", StandardCharsets.US_ASCII);
    out.writeByte('0' + status / 100);
    out.writeByte('0' + status / 10 % 10);
    out.writeByte('0' + status % 10);
    out.writeByte(' ');
    out.writeBytes(bytes, reasonStart, reasonEnd - reasonStart);
    out.writeShort('\r' << 8 | '\n');
    writeFields(out);
  }

  /** Writes the fields and the empty line: neighbours that stay are copied in one piece. */
  public void writeFields(ByteBuf out) {
    int place = 0;
    while (place < count) {
      if (removed[place]) {
        place++;
        continue;
      }
      int start = index[place * STRIDE + NAME_START];
      int end = index[place * STRIDE + LINE_END];
      place++;
      while (place < count && !removed[place] && index[place * STRIDE + NAME_START] == end) {
        end = index[place * STRIDE + LINE_END];
        place++;
      }
      out.writeBytes(bytes, start, end - start);
    }
    out.writeShort('\r' << 8 | '\n');
  }

  /** A size that what is written will not exceed. */
  public int sizeBytes() {
    return length + 32;
  }

  void ensure(int capacity) {
    if (capacity <= bytes.length) {
      return;
    }
    byte[] before = bytes;
    int wanted = Math.max(capacity, before.length * 2);
    if (wanted <= USUAL_BYTES) {
      bytes = Arrays.copyOf(before, wanted);
      return;
    }
    bytes = SpareArrays.ofThread().take(wanted);
    System.arraycopy(before, 0, bytes, 0, length);
    if (before.length > USUAL_BYTES) {
      SpareArrays.ofThread().give(before);
    }
  }

  private void append(String text) {
    ensure(length + text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      // Anything that one byte cannot say becomes a control character, which the caller refuses.
      bytes[length++] = c > 255 ? 0 : (byte) c;
    }
  }

  private String text(int start, int end) {
    return new String(bytes, start, end - start, StandardCharsets.ISO_8859_1);
  }
}
