package io.weftmesh.proxy.main;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.internal.PlatformDependent;
import io.weftmesh.proxy.telemetry.Metrics;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the process itself uses. Everything is asked for at the scrape, and costs nothing else. */
final class ProcessMetrics {
  private static final long PAGE_BYTES = 4096;
  private static final String DESCRIPTOR_LIMIT = "Max open files";

  private ProcessMetrics() {}

  static void register(Metrics metrics) {
    metrics.gauge("process_open_fds", "Open descriptors.", () -> entries(Path.of("/proc/self/fd")));
    metrics.gauge(
        "process_resident_memory_bytes", "Resident memory.", ProcessMetrics::residentBytes);
    metrics.gauge(
        "process_start_time_seconds",
        "When the process started, in seconds since the epoch.",
        () -> ManagementFactory.getRuntimeMXBean().getStartTime() / 1000.0);
    metrics.gauge(
        "weft_direct_memory_bytes",
        "Memory outside the heap that Netty has reserved; bounded by -XX:MaxDirectMemorySize.",
        PlatformDependent::usedDirectMemory);
    metrics.gauge(
        "weft_allocator_used_bytes",
        "Of that, what buffers in use take.",
        () -> PooledByteBufAllocator.DEFAULT.pinnedDirectMemory());
    metrics.gauge(
        "weft_heap_used_bytes",
        "The part of the heap that is in use, garbage included.",
        () -> Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
    metrics.gauge(
        "weft_heap_allocated_bytes",
        "All that was ever taken from the heap since the start: what garbage collection is for.",
        ProcessMetrics::allocatedBytes);
  }

  private static double allocatedBytes() {
    return ManagementFactory.getThreadMXBean() instanceof com.sun.management.ThreadMXBean threads
        ? threads.getTotalThreadAllocatedBytes()
        : Double.NaN;
  }

  /** How many descriptors this process may have. */
  static long descriptorLimit() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/limits"))) {
      if (line.startsWith(DESCRIPTOR_LIMIT)) {
        String values = line.substring(DESCRIPTOR_LIMIT.length()).strip();
        String soft = values.substring(0, values.indexOf(' '));
        return soft.equals("unlimited") ? Integer.MAX_VALUE : Long.parseLong(soft);
      }
    }
    throw new IOException("/proc/self/limits has no line '" + DESCRIPTOR_LIMIT + "'");
  }

  private static double entries(Path folder) {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
      int count = 0;
      for (Path ignored : all) {
        count++;
      }
      return count;
    } catch (IOException unreadable) {
      return Double.NaN;
    }
  }

  private static double residentBytes() {
    try {
      String[] pages = Files.readString(Path.of("/proc/self/statm")).split(" ", -1);
      return Long.parseLong(pages[1]) * (double) PAGE_BYTES;
    } catch (IOException | NumberFormatException unreadable) {
      return Double.NaN;
    }
  }
}
