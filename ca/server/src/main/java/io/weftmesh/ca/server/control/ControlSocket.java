package io.weftmesh.ca.server.control;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weftmesh.ca.server.control.Answer.Outcome;
import io.weftmesh.ca.server.rotation.RotatingAuthority;
import io.weftmesh.ca.server.rotation.RotationRefusedException;
import java.io.Closeable;
import java.io.IOException;
import java.net.ProtocolFamily;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.security.GeneralSecurityException;
import java.util.Optional;
import jdk.net.ExtendedSocketOptions;
import jdk.net.UnixDomainPrincipal;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A unix socket on which an operator's command line drives the rotation: one line in, {@code
 * OUTCOME text} out. Whoever connects must be root or the user that the ca runs as; the file's
 * permissions say so, and the kernel is asked as well.
 */
public final class ControlSocket implements Closeable {
  private static final Logger log = LoggerFactory.getLogger(ControlSocket.class);
  private static final ProtocolFamily UNIX = StandardProtocolFamily.UNIX;
  private static final int MAX_COMMAND_BYTES = 64;
  private static final int MAX_ANSWER_BYTES = 1 << 20;

  private final Path path;
  private final ServerSocketChannel listener;
  private final RotatingAuthority authority;
  private final UserPrincipal self;

  private ControlSocket(
      Path path, ServerSocketChannel listener, RotatingAuthority authority, UserPrincipal self) {
    this.path = path;
    this.listener = listener;
    this.authority = authority;
    this.self = self;
  }

  /**
   * Binds the socket, in place of one that an earlier process left, and serves it.
   *
   * @throws IOException if it cannot be bound
   */
  public static ControlSocket open(Path path, RotatingAuthority authority) throws IOException {
    Files.deleteIfExists(path);
    ServerSocketChannel listener = ServerSocketChannel.open(UNIX);
    try {
      listener.bind(UnixDomainSocketAddress.of(path));
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
      ControlSocket socket = new ControlSocket(path, listener, authority, Files.getOwner(path));
      Thread.ofPlatform().name("control").daemon().start(socket::acceptAll);
      return socket;
    } catch (IOException e) {
      listener.close();
      throw new IOException("can't listen on control socket " + path + ": " + e.getMessage(), e);
    }
  }

  /**
   * Sends a command to a running ca and waits for its answer.
   *
   * @throws IOException if there is none, or it does not answer
   */
  public static Answer ask(Path path, RotationCommand command) throws IOException {
    try (SocketChannel channel = SocketChannel.open(UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(path));
      channel.write(ByteBuffer.wrap((command.word() + "\n").getBytes(UTF_8)));
      channel.shutdownOutput();
      String[] answer = readAll(channel, MAX_ANSWER_BYTES).strip().split(" ", 2);
      return new Answer(Outcome.valueOf(answer[0]), answer.length > 1 ? answer[1] : "");
    } catch (IllegalArgumentException e) {
      throw new IOException("the ca closed the connection without an answer", e);
    }
  }

  private void acceptAll() {
    while (listener.isOpen()) {
      try {
        SocketChannel client = listener.accept();
        // Each on its own, so that one that sends nothing bars no other.
        Thread.ofVirtual().name("control client").start(() -> serve(client));
      } catch (AsynchronousCloseException e) {
        return;
      } catch (IOException e) {
        log.error("The control socket {} fails; rotation can't be driven until a restart", path, e);
        return;
      }
    }
  }

  private void serve(SocketChannel client) {
    try (client) {
      UnixDomainPrincipal peer = client.getOption(ExtendedSocketOptions.SO_PEERCRED);
      if (!peer.user().equals(self) && !peer.user().getName().equals("root")) {
        log.warn("Refused a control connection of user {}", peer.user());
        return;
      }
      Answer answer = run(readAll(client, MAX_COMMAND_BYTES).strip());
      log.info("Control: {}: {}", answer.outcome(), answer.text());
      ByteBuffer text = ByteBuffer.wrap((answer.outcome() + " " + answer.text()).getBytes(UTF_8));
      while (text.hasRemaining()) {
        client.write(text);
      }
    } catch (ClosedChannelException e) {
      log.debug("A control connection was closed", e);
    } catch (IOException e) {
      log.warn("A control connection failed: {}", e.getMessage());
    }
  }

  private Answer run(String word) {
    Optional<RotationCommand> command = RotationCommand.of(word);
    if (command.isEmpty()) {
      return new Answer(Outcome.REFUSED, "no such command");
    }
    try {
      return new Answer(Outcome.DONE, command.get().run(authority));
    } catch (RotationRefusedException e) {
      return new Answer(Outcome.REFUSED, word + " refused: " + e.getMessage());
    } catch (GeneralSecurityException | IOException e) {
      log.error("rotate {} failed", word, e);
      return new Answer(Outcome.FAILED, word + " failed: " + e.getMessage());
    }
  }

  private static String readAll(SocketChannel channel, int maxBytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(Math.min(maxBytes, 4096));
    StringBuilder text = new StringBuilder();
    int total = 0;
    for (int n = channel.read(buffer); n >= 0 && total < maxBytes; n = channel.read(buffer)) {
      total += n;
      text.append(UTF_8.decode(buffer.flip()));
      buffer.clear();
    }
    return text.toString();
  }

  @Override
  public void close() throws IOException {
    listener.close();
    Files.deleteIfExists(path);
  }
}
