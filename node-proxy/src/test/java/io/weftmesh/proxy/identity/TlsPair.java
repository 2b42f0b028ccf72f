package io.weftmesh.proxy.identity;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SslHandler;
import io.weftmesh.ca.api.SpiffeId;
import java.io.IOException;
import javax.net.ssl.SSLPeerUnverifiedException;

/** Both ends of a TLS connection, with the wire between them in the test's hands. */
final class TlsPair {
  private static final int CHANGE_CIPHER_SPEC = 20;
  private static final int RECORD_HEADER_BYTES = 5;

  private final SslHandler clientHandler;
  private final SslHandler serverHandler;
  private final EmbeddedChannel client;
  private final EmbeddedChannel server;
  private final ByteBuf sentByServer = Unpooled.buffer();
  private boolean closed;

  TlsPair(SslHandler clientHandler, SslHandler serverHandler) {
    this.clientHandler = clientHandler;
    this.serverHandler = serverHandler;
    // The server first, so that it is there when the client speaks.
    server = new EmbeddedChannel(serverHandler);
    client = new EmbeddedChannel(clientHandler);
  }

  SslHandler client() {
    return clientHandler;
  }

  SslHandler server() {
    return serverHandler;
  }

  SpiffeId peerOfClient() throws SSLPeerUnverifiedException {
    return TlsContexts.peer(clientHandler);
  }

  SpiffeId peerOfServer() throws SSLPeerUnverifiedException {
    return TlsContexts.peer(serverHandler);
  }

  /** Carries records to and fro until there are no more; true when both sides are content. */
  boolean handshake() {
    pump();
    return clientHandler.handshakeFuture().isSuccess()
        && serverHandler.handshakeFuture().isSuccess();
  }

  /** What the server says when it is told to say back what the client said. */
  String echo(String text) {
    client.writeOutbound(Unpooled.copiedBuffer(text, US_ASCII));
    pump();
    ByteBuf atServer = server.readInbound();
    server.writeOutbound(atServer);
    pump();
    ByteBuf back = client.readInbound();
    String answer = back.toString(US_ASCII);
    back.release();
    return answer;
  }

  /** How many records the server has sent, without those that mean nothing. */
  int recordsToClient() {
    int records = 0;
    int at = 0;
    while (at < sentByServer.writerIndex()) {
      if (sentByServer.getByte(at) != CHANGE_CIPHER_SPEC) {
        records++;
      }
      at += RECORD_HEADER_BYTES + sentByServer.getUnsignedShort(at + 3);
    }
    return records;
  }

  private void pump() {
    boolean moved = true;
    while (moved) {
      boolean toServer = move(client, server, false);
      boolean toClient = move(server, client, true);
      moved = toServer || toClient;
    }
  }

  private boolean move(EmbeddedChannel from, EmbeddedChannel to, boolean toClient) {
    boolean moved = false;
    for (ByteBuf bytes = from.readOutbound(); bytes != null; bytes = from.readOutbound()) {
      moved = true;
      if (toClient) {
        sentByServer.writeBytes(bytes, bytes.readerIndex(), bytes.readableBytes());
      }
      if (to.isOpen()) {
        write(to, bytes);
      } else {
        bytes.release();
      }
    }
    return moved;
  }

  private static void write(EmbeddedChannel to, ByteBuf bytes) {
    try {
      to.writeInbound(bytes);
    } catch (Exception e) {
      // A refused handshake: its future tells.
      if (!(e instanceof IOException) && !(e.getCause() instanceof IOException)) {
        throw new IllegalStateException(e);
      }
    }
  }

  void close() {
    if (!closed) {
      closed = true;
      finish(client);
      finish(server);
    }
  }

  private static void finish(EmbeddedChannel channel) {
    try {
      channel.finishAndReleaseAll();
    } catch (Exception e) {
      if (!(e instanceof IOException) && !(e.getCause() instanceof IOException)) {
        throw new IllegalStateException(e);
      }
    }
  }
}
