package io.weftmesh.proxy.main;

import ch.qos.logback.classic.AsyncAppender;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.spi.ContextAwareBase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is logged and how, found by logback as a service. Not an XML file: reading one costs a tenth
 * of a second of a start that others wait for, and some megabytes.
 *
 * <p>Event loops log too, now and then, and must never wait for a terminal or a full pipe: lines go
 * through a queue, and when that is full they are dropped.
 */
public final class Logging extends ContextAwareBase implements Configurator {
  private static final int QUEUED_LINES = 1024;
  private static final int FLUSH_MILLIS = 1000;

  @Override
  public ExecutionStatus configure(LoggerContext context) {
    PatternLayoutEncoder encoder = new PatternLayoutEncoder();
    encoder.setContext(context);
    encoder.setPattern("%d{yyyy-MM-dd'T'HH:mm:ss.SSS'Z', UTC} %-5level %logger{0}: %msg%n%ex{8}");
    encoder.start();

    ConsoleAppender<ILoggingEvent> console = new ConsoleAppender<>();
    console.setContext(context);
    console.setTarget("System.err");
    console.setEncoder(encoder);
    console.start();

    AsyncAppender queue = new AsyncAppender();
    queue.setContext(context);
    queue.setQueueSize(QUEUED_LINES);
    queue.setNeverBlock(true);
    queue.setDiscardingThreshold(0);
    queue.setMaxFlushTime(FLUSH_MILLIS);
    queue.addAppender(console);
    queue.start();

    context.getLogger("io.netty").setLevel(Level.WARN);
    // It warns, with a stack trace, of frames that somebody else has sent: a way to fill a disk.
    // What comes of them is counted, and answered.
    context.getLogger("io.netty.handler.codec.http2").setLevel(Level.ERROR);
    context.getLogger("io.grpc").setLevel(Level.WARN);
    // It warns, with a stack trace, at every try; what it fails with is said once by KindWatch.
    context.getLogger("io.fabric8").setLevel(Level.ERROR);
    context.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.INFO);
    context.getLogger(Logger.ROOT_LOGGER_NAME).addAppender(queue);
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  /** Writes what is still in the queue; nothing is logged after. */
  static void flush() {
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
      context.stop();
    }
  }
}
