package io.weftmesh.lab.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * A network namespace that a file keeps alive, as {@code ip netns} makes them.
 *
 * <p>Sockets belong to the namespace of the thread that made them, wherever they are used later. So
 * the ones for a namespace are made by a platform thread that has entered it; it ends after a
 * second without work, since a thread inside keeps the namespace alive too.
 */
public final class NetworkNamespace {
  // Without looking for duplicates of its addresses, IPv6 can be used from the first moment.
  private static final String SET_UP =
      """
      for scope in all default; do echo 0 > /proc/sys/net/ipv6/conf/$scope/accept_dad; done
      ip link set lo up
      """;

  private final Path file;
  private final ThreadPoolExecutor inside;

  private NetworkNamespace(Path file) {
    this.file = file;
    this.inside =
        new ThreadPoolExecutor(
            0, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), this::thread);
  }

  /** Makes a namespace with its loopback interface up. */
  public static NetworkNamespace create(Path file) {
    try {
      Files.createDirectories(file.getParent());
      Files.createFile(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Command.of("unshare", "--net=" + file, "sh", "-ec", SET_UP).run();
    return new NetworkNamespace(file);
  }

  /** The namespace that {@code file} holds. */
  public static NetworkNamespace at(Path file) {
    return new NetworkNamespace(file);
  }

  public Path file() {
    return file;
  }

  /** The number by which {@code /proc/PID/ns/net} names it. */
  public long inode() {
    try {
      return (long) Files.getAttribute(file, "unix:ino");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** {@code words} as a command that runs inside. */
  public Command command(String... words) {
    return Command.of(entering(List.of(words)));
  }

  /** The command line that runs {@code words} inside, as the same process. */
  public List<String> entering(List<String> words) {
    List<String> all = new ArrayList<>();
    all.add("nsenter");
    all.add("--net=" + file);
    all.add("--");
    all.addAll(words);
    return all;
  }

  /** Runs {@code lines} of ip's own language in one process. */
  public void ip(String lines) {
    command("ip", "-batch", "-").reading(lines).run();
  }

  /** An unconnected socket of this namespace. */
  public SocketChannel openSocket() {
    return call(SocketChannel::open);
  }

  /** An unbound listening socket of this namespace. */
  public ServerSocketChannel openServerSocket() {
    return call(ServerSocketChannel::open);
  }

  /** Runs {@code task} on a thread that is inside, and waits for it. */
  public <T> T call(Callable<T> task) {
    try {
      return inside.submit(task).get();
    } catch (ExecutionException e) {
      throw new CompletionException("in namespace " + file, e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted in namespace " + file, e);
    }
  }

  /** Takes the file away; the namespace ends with the last process and socket in it. */
  public void release() {
    inside.shutdownNow();
    // Lazily: the redirector may be looking at the file in this moment.
    Command.of("umount", "--lazy", file.toString()).run();
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Thread thread(Runnable work) {
    return Thread.ofPlatform()
        .daemon()
        .name("in-" + file.getFileName())
        .unstarted(() -> {
          Setns.enterNetworkNamespace(file);
          work.run();
        });
  }

  @Override
  public String toString() {
    return file.toString();
  }
}
