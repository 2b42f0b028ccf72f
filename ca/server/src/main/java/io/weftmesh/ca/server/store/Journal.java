package io.weftmesh.ca.server.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A {@link DurableMap} in one file: a line for each change ({@code +key<TAB>value} or {@code
 * -key}), appended and forced to disk, so that the cost of a change does not grow with the map. The
 * file is rewritten when most of it is history.
 *
 * <p>A crash in the middle of an append leaves a last line without its end; it was never promised
 * to anybody and is dropped at the next start. A failed append is cut off again, and the next
 * update writes the whole map.
 */
public final class Journal implements DurableMap, Closeable {
  private static final Logger log = LoggerFactory.getLogger(Journal.class);

  /** History of a small map is not worth a rewrite. */
  private static final int FREE_LINES = 1024;

  private final Path file;
  private final Map<String, String> entries = new HashMap<>();
  private @Nullable FileChannel channel;
  private int lines;

  private Journal(Path file) {
    this.file = file;
  }

  /**
   * Reads the file, or begins it.
   *
   * @throws IOException if it cannot be read or written, or is not a journal
   */
  public static Journal open(Path file) throws IOException {
    Journal journal = new Journal(file);
    if (Files.exists(file)) {
      journal.replay(Files.readString(file));
    }
    journal.rewrite();
    return journal;
  }

  private void replay(String text) throws IOException {
    int end = text.lastIndexOf('\n') + 1;
    if (end < text.length()) {
      log.warn("{} ends in the middle of a line: the change that it stands for is dropped", file);
    }
    int number = 0;
    for (String line : text.substring(0, end).lines().toList()) {
      number++;
      int tab = line.indexOf('\t');
      if (line.startsWith("+") && tab > 0) {
        entries.put(line.substring(1, tab), line.substring(tab + 1));
      } else if (line.startsWith("-") && tab < 0) {
        entries.remove(line.substring(1));
      } else {
        throw new IOException(
            file
                + ":"
                + number
                + " is \""
                + line
                + "\", expected \"+key<TAB>value\" or \"-key\";"
                + " restore the file from a backup, or remove it to begin without what it holds");
      }
    }
  }

  @Override
  public Map<String, String> entries() {
    return Collections.unmodifiableMap(entries);
  }

  @Override
  public void update(Map<String, String> put, Set<String> remove) throws IOException {
    StringBuilder change = new StringBuilder();
    int added = 0;
    for (String key : remove) {
      if (entries.remove(key) != null) {
        change.append('-').append(key).append('\n');
        added++;
      }
    }
    for (Map.Entry<String, String> entry : put.entrySet()) {
      String key = requireOneLine(entry.getKey());
      String value = requireOneLine(entry.getValue());
      if (!value.equals(entries.put(key, value))) {
        appendTo(change, key, value);
        added++;
      }
    }
    if (channel == null || lines + added > 2 * entries.size() + FREE_LINES) {
      rewrite();
    } else if (added > 0) {
      append(channel, change);
      lines += added;
    }
  }

  private void append(FileChannel channel, StringBuilder change) throws IOException {
    try {
      ByteBuffer buffer = encode(change);
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      channel.force(false);
    } catch (IOException e) {
      // What reached the disk is unknown: the next update writes all of it anew.
      close();
      throw new IOException("appending to " + file + " failed: " + e.getMessage(), e);
    }
  }

  private void rewrite() throws IOException {
    StringBuilder all = new StringBuilder();
    entries.forEach((key, value) -> appendTo(all, key, value));
    close();
    AtomicFile.write(file, encode(all).array(), AtomicFile.SECRET);
    channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
    lines = entries.size();
  }

  private static void appendTo(StringBuilder text, String key, String value) {
    text.append('+').append(key).append('\t').append(value).append('\n');
  }

  private static ByteBuffer encode(CharSequence text) {
    return ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static String requireOneLine(String text) {
    if (text.indexOf('\n') >= 0 || text.indexOf('\r') >= 0 || text.indexOf('\t') >= 0) {
      throw new IllegalArgumentException("a journal holds no line breaks and no tabs: " + text);
    }
    return text;
  }

  @Override
  public void close() throws IOException {
    if (channel != null) {
      channel.close();
      channel = null;
    }
  }
}
