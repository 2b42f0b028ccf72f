package io.weftmesh.proxy.tunnel;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import java.net.InetSocketAddress;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The two ends of one connection, and what it lives in. */
record DuplexPair(DuplexChannel client, DuplexChannel server, TestMesh home)
    implements AutoCloseable {

  /** What a connection may be made of. */
  enum Kind {
    SOCKET {
      @Override
      DuplexPair open() throws Exception {
        TestMesh mesh = new TestMesh();
        BlockingQueue<DuplexChannel> accepted = new LinkedBlockingQueue<>();
        InetSocketAddress address = mesh.serve(new Accept(accepted));
        EventLoop loop = mesh.loops.next();
        DuplexChannel client = mesh.dial(loop, address).get(10, TimeUnit.SECONDS);
        return new DuplexPair(client, accepted.poll(10, TimeUnit.SECONDS), mesh);
      }
    },
    TUNNEL_STREAM {
      @Override
      DuplexPair open() throws Exception {
        TestMesh mesh = new TestMesh();
        TestMesh.TestPod target = mesh.pod("target");
        mesh.listen(mesh.server(TunnelSettings.DEFAULT), target);
        InetSocketAddress application = mesh.serve(new Accept(new LinkedBlockingQueue<>()));
        mesh.inbound.dial = (loop, pod, caller, to) -> mesh.dial(loop, application);
        TunnelPool pool = mesh.pool(TunnelSettings.DEFAULT);
        DuplexChannel client =
            pool.open(
                    mesh.loops.next(),
                    mesh.pod("client"),
                    target.identity(),
                    new InetSocketAddress(TestMesh.LOOPBACK, 8080))
                .get(10, TimeUnit.SECONDS);
        return new DuplexPair(client, mesh.inbound.next().stream(), mesh);
      }
    },
    LOCAL_STREAM {
      @Override
      DuplexPair open() throws Exception {
        TestMesh mesh = new TestMesh();
        EventLoop loop = mesh.loops.next();
        InetSocketAddress address = new InetSocketAddress(TestMesh.LOOPBACK, 8080);
        LocalStream client =
            loop.submit(() -> LocalStream.open(loop, address, address)).get(10, TimeUnit.SECONDS);
        return new DuplexPair(client, client.peer(), mesh);
      }
    };

    abstract DuplexPair open() throws Exception;
  }

  @Override
  public void close() {
    client.close().syncUninterruptibly();
    server.close().syncUninterruptibly();
    home.close();
  }

  private static final class Accept extends ChannelInboundHandlerAdapter {
    private final BlockingQueue<DuplexChannel> accepted;

    Accept(BlockingQueue<DuplexChannel> accepted) {
      this.accepted = accepted;
    }

    @Override
    public boolean isSharable() {
      return true;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
      Channel channel = ctx.channel();
      channel.config().setAutoRead(false);
      accepted.add((DuplexChannel) channel);
    }
  }
}
