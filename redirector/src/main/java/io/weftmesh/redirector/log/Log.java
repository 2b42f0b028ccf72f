package io.weftmesh.redirector.log;

import java.time.LocalDateTime;
import java.time.ZoneOffset;

/**
 * Logs one line an event to standard error, for whoever collects a container's output. A logging
 * framework would be the larger part of this process' memory.
 */
public final class Log {
  private Log() {}

  /** Something that went as it should. */
  public static void info(String message) {
    write("INFO  ", message);
  }

  /** Something that somebody should look at. */
  public static void warn(String message) {
    write("WARN  ", message);
  }

  /** A mistake in this program, with where it happened. */
  public static void error(String message, Throwable cause) {
    StringBuilder text = new StringBuilder(message).append(": ").append(cause);
    StackTraceElement[] trace = cause.getStackTrace();
    for (int i = 0; i < trace.length && i < 8; i++) {
      text.append(" at ").append(trace[i]);
    }
    write("ERROR ", text.toString());
  }

  private static void write(String level, String message) {
    StringBuilder line = new StringBuilder(64 + message.length());
    LocalDateTime now = LocalDateTime.now(ZoneOffset.UTC);
    line.append(now.toLocalDate()).append('T');
    twoDigits(line, now.getHour()).append(':');
    twoDigits(line, now.getMinute()).append(':');
    twoDigits(line, now.getSecond()).append("Z ").append(level);
    for (int i = 0; i < message.length(); i++) {
      char c = message.charAt(i);
      // A name that a client chose must not begin a line of its own.
      line.append(Character.isISOControl(c) ? ' ' : c);
    }
    System.err.println(line);
  }

  /** A formatter would bring a hundred classes along. */
  private static StringBuilder twoDigits(StringBuilder line, int value) {
    return line.append((char) ('0' + value / 10)).append((char) ('0' + value % 10));
  }
}
