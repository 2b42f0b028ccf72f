package io.weftmesh.proxy.capture;

import io.netty.channel.socket.DuplexChannel;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.http.ClientPod;
import io.weftmesh.proxy.http.InboundContext;
import io.weftmesh.proxy.tcp.Detector;
import io.weftmesh.proxy.tcp.Protocol;
import io.weftmesh.proxy.tcp.Relay;
import io.weftmesh.proxy.tunnel.Caller;
import io.weftmesh.proxy.tunnel.LocalPod;
import io.weftmesh.proxy.tunnel.Upstream;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * A connection to a pod of this node whose application has accepted, until HTTP or a relay has
 * taken it over. Where access is decided by requests, its first bytes tell which of them it will
 * be; a client that stays silent may wait for the application to speak, which ends the question, if
 * that client may exchange what is no HTTP at all.
 *
 * <p>Confined to the event loop of both connections.
 */
final class Arrival implements Detector.Listener {
  private final Arrivals shared;
  private final Admission admission;
  private final DuplexChannel client;
  private final DuplexChannel application;
  private final InetSocketAddress destination;
  private @Nullable Detector detector;

  /** The application's first words are waited for. */
  private @Nullable EarlyUpstream listening;

  Arrival(
      Arrivals shared,
      Admission admission,
      DuplexChannel client,
      DuplexChannel application,
      InetSocketAddress destination) {
    this.shared = shared;
    this.admission = admission;
    this.client = client;
    this.application = application;
    this.destination = destination;
  }

  void start() {
    if (admission.looksAtRequests()) {
      detect();
    } else {
      relay();
    }
  }

  private void relay() {
    if (admission.beginBytes()) {
      join();
    } else {
      refuse();
    }
  }

  private void detect() {
    if (!admission.beginDetection()) {
      refuse();
      return;
    }
    var begun = new Detector(this, true);
    detector = begun;
    client.pipeline().addLast(begun);
    if (client.isActive()) {
      client.config().setAutoRead(true);
    } else {
      application.close();
    }
  }

  @Override
  public void silent() {
    // A server of HTTP/2 may speak first, too: where it has to be HTTP, that decides nothing.
    if (!admission.hasToBeHttp()) {
      listening =
          new EarlyUpstream(
              new Upstream(application, admission.caller().security(), null),
              Endpoint.of(destination),
              "",
              null,
              this::applicationSpoke);
      listening.listen();
    }
  }

  @Override
  public void detected(Protocol protocol) {
    if (listening != null) {
      listening.take();
    }
    switch (protocol) {
      case HTTP1 -> shared.http().install(client, httpContext());
      case HTTP2 -> shared.http().installHttp2(client, httpContext());
      case TLS, OPAQUE -> {
        if (admission.becomesBytes()) {
          join();
        } else {
          refuse();
        }
      }
    }
  }

  @Override
  public void gone(@Nullable Throwable cause) {
    application.close();
  }

  private void applicationSpoke() {
    if (detector != null) {
      detector.settle(Protocol.OPAQUE);
    }
  }

  private InboundContext httpContext() {
    LocalPod target = admission.target();
    Caller caller = admission.caller();
    var dialer = new ApplicationDialer(target, caller, destination, application);
    client.closeFuture().addListener(closed -> dialer.close());
    ClientPod pod = shared.http().caller(caller, dialer, target::isLeaving);
    return new InboundContext(pod, target.workload(), destination, admission.becomesHttp());
  }

  private void join() {
    shared.relay(admission.target(), admission.caller(), client, application);
  }

  private void refuse() {
    shared.failed(admission.target(), admission.caller(), "denied");
    Relay.reset(client);
    application.close();
  }
}
