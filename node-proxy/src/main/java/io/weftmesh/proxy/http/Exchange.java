package io.weftmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.Filter;
import io.weftmesh.policy.model.RequestPolicy;
import io.weftmesh.policy.model.Timeouts;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.FaultDraw.Fault;
import io.weftmesh.proxy.balance.RetryBudget;
import io.weftmesh.proxy.http.codec.Field;
import io.weftmesh.proxy.http.codec.Framing;
import io.weftmesh.proxy.http.codec.Head;
import io.weftmesh.proxy.http.codec.MalformedException;
import io.weftmesh.proxy.http.filter.ResponseFilters;
import io.weftmesh.proxy.routing.Destination;
import io.weftmesh.proxy.tunnel.Unreachable;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One request and its answer: routed, sent, sent again where that is safe, timed and counted. Knows
 * nothing of the protocol on either side.
 *
 * <p>When a request may be sent again, in the order in which it is asked:
 *
 * <ol>
 *   <li>Not once a byte of the answer was passed on, and not if its body is no longer kept.
 *   <li>A pooled connection that was closed before a byte of the answer: once, at once, without
 *       counting, if the method is idempotent (RFC 9110, 9.2.2). The server did nothing wrong: it
 *       closed an unused connection while the request was on its way.
 *   <li>An endpoint that could not be connected to: any method, since nothing was sent.
 *   <li>A stream that the endpoint refused, or that came when it was leaving already (RFC 9113,
 *       8.7): any method, and without counting if it was leaving.
 *   <li>A connection that broke before a byte of the answer: only what is safe (RFC 9110, 9.2.1),
 *       because the endpoint may have done it.
 *   <li>A status code that the policy lists, and a time-out of the try if it lists 504: what is
 *       idempotent, or all if the policy says so.
 *   <li>All but the second within the policy's number and the Service's budget, each at another
 *       endpoint, after a {@link Backoff pause}.
 * </ol>
 */
final class Exchange {
  /**
   * A request that may not be sent twice takes no pooled connection that was unused for longer: the
   * shortest keep-alive of common servers is two seconds, and they may be about to close it.
   */
  private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Counted for a request whose client did not wait for the answer. */
  private static final int CLIENT_LEFT = 499;

  private enum Phase {
    NEW,
    CONNECTING,
    PAUSING,
    /** Sent, at least in part; no answer yet. */
    SENT,
    ANSWERING,
    /** Bytes of another protocol flow. */
    SWITCHED,
    /** The answer is complete and the rest of the request is passed on. */
    ANSWERED,
    OVER
  }

  private final HttpProxy proxy;
  private final ClientContext context;
  private final ClientSide client;
  private final Upstreams pool;
  private final Head request;
  private final Framing framing;
  private final boolean upgrade;
  private final RequestBody body;
  private final TimeLimits limits;
  private final Retries retries;
  private final Target target;
  private final Tally tally;
  private final RequestAdmission admission;
  private final boolean mirrored;
  private final String service;

  private Phase phase = Phase.NEW;
  private List<Filter> filters = List.of();
  private @Nullable Mirrors mirrors;
  private @Nullable String origin;

  private Upstreams upstreams;
  private @Nullable Connecting connecting;
  private @Nullable Future<?> pause;
  private @Nullable UpstreamSide upstream;
  private boolean staleRetried;
  private boolean inputEnded;
  private int status;

  /**
   * @param deadline of the client connection, lent to this exchange until it is over
   */
  Exchange(
      HttpProxy proxy,
      ClientContext context,
      ClientSide client,
      Upstreams pool,
      Head request,
      Framing framing,
      Deadline deadline) {
    this(proxy, context, client, pool, request, framing, deadline, false);
  }

  /** The exchange of a copy of a request. */
  static Exchange ofMirror(
      HttpProxy proxy,
      ClientContext context,
      Mirror client,
      Upstreams pool,
      Head request,
      Framing framing,
      Deadline deadline) {
    return new Exchange(proxy, context, client, pool, request, framing, deadline, true);
  }

  private Exchange(
      HttpProxy proxy,
      ClientContext context,
      ClientSide client,
      Upstreams pool,
      Head request,
      Framing framing,
      Deadline deadline,
      boolean mirrored) {
    this.proxy = proxy;
    this.context = context;
    this.client = client;
    this.pool = pool;
    this.upstreams = pool;
    this.request = request;
    this.framing = framing;
    this.limits = new TimeLimits(client.loop(), deadline);
    this.target = new Target(proxy, context);
    this.tally =
        new Tally(
            proxy.metrics(), context.pod().label(), context.service(), mirrored, target, limits);
    this.admission = new RequestAdmission(proxy, context.pod());
    this.retries = new Retries(proxy, request.method(), context.service(), limits);
    this.mirrored = mirrored;
    this.service = context.service();
    this.upgrade = HopByHop.upgrades(request);
    this.body = new RequestBody(proxy.settings().maxReplayBytes(), request.has(Field.EXPECT));
  }

  /** Routes the request and sends it on its way. */
  void start() {
    if (framing.isEmpty()) {
      body.end(null);
    }
    if (!context.gate().enter(this)) {
      fail(ErrorReason.DENIED, denial());
    } else if (context.destination() instanceof Destination.ServiceDestination to) {
      follow(Routed.of(proxy.snapshot(), to, context.pod().namespace(), request));
    } else {
      // Nothing is routed or balanced here, but an answer can still be given where there is none.
      follow(
          new Routed.Forward(
              null,
              service,
              List.of(),
              List.of(),
              new RequestPolicy(Timeouts.NONE, Retries.NONE),
              BackendSettings.DEFAULT));
    }
  }

  /** Does with the request what was decided on it. */
  void follow(Routed routed) {
    switch (routed) {
      case Routed.Refuse refuse -> {
        target.hold(refuse.backend());
        fail(refuse.reason(), refuse.text());
      }
      case Routed.Answer answer -> answerItself(answer.head());
      case Routed.Forward forward -> forward(forward);
    }
  }

  private void forward(Routed.Forward to) {
    target.hold(to);
    upstreams = target.among(pool);
    filters = to.filters();
    RetryBudget budget = null;
    if (context.destination() instanceof Destination.ServiceDestination of && !mirrored) {
      budget = proxy.controls().budget(of.port().service(), to.policy().retries().budget());
      budget.request();
    }
    retries.hold(to.policy().retries(), budget, to.label());
    limits.hold(to.policy().timeouts(), to.settings().idleTimeout());
    ErrorAnswer tooSoon = admission.tooSoon(to.policy());
    if (tooSoon != null) {
      fail(tooSoon);
      return;
    }
    Fault fault = admission.fault(to.policy(), request);
    HopByHop.strip(request, upgrade);
    if (!to.mirrors().isEmpty() && !upgrade) {
      mirrors = Mirrors.begin(to.mirrors(), proxy, context, client, pool, request, framing);
    }
    if (!filters.isEmpty()) {
      origin = request.value("origin");
    }
    if (fault.delay().isZero()) {
      enter(fault);
    } else {
      limits.arm();
      phase = Phase.PAUSING;
      pauseFor(fault.delay().toNanos(), () -> enter(fault));
    }
  }

  private void enter(Fault fault) {
    ErrorAnswer refused =
        fault.abort().isPresent()
            ? RequestAdmission.aborted(fault.abort().get())
            : admission.enter(target);
    if (refused != null) {
      fail(refused);
    } else {
      attempt();
    }
  }

  /** A redirect, or what a browser asks for: not an error, and nothing of the application's. */
  private void answerItself(Head head) {
    status = head.status();
    phase = Phase.ANSWERING;
    client.answer(head, Framing.NONE, body.isEnded());
    tally.answered(status);
    over();
    client.answerEnd(null);
    client.flush();
  }

  // --- a try ---

  private void attempt() {
    Endpoint endpoint = target.next(request, retries.tried());
    if (endpoint == null) {
      fail(ErrorReason.NO_ENDPOINT, target.noEndpoint());
      return;
    }
    limits.beginTry();
    UpstreamSide pooled = staleRetried ? null : upstreams.take(endpoint, maxIdleNanos());
    if (pooled != null) {
      send(pooled);
      return;
    }
    ErrorAnswer full = admission.await(target);
    if (full != null) {
      target.untried();
      fail(full);
      return;
    }
    phase = Phase.CONNECTING;
    connecting = new Connecting(this, upstreams, target, request, retries.tried());
    connecting.to(endpoint);
  }

  private long maxIdleNanos() {
    // Where nothing is balanced, a connection stands for the client's own, whatever its age.
    return !target.isBalanced() || Methods.isIdempotent(request.method())
        ? Deadline.NONE
        : FRESH_NANOS;
  }

  /** There is a connection. */
  void connected(UpstreamSide connection) {
    connecting = null;
    admission.connected();
    send(connection);
    connection.flush();
  }

  /** No connection came of it. */
  void notConnected(Throwable cause) {
    connecting = null;
    admission.connected();
    notReached(cause);
    client.flush();
  }

  /** There may be no connection. */
  void notConnected(ErrorReason reason, String text) {
    connecting = null;
    admission.connected();
    fail(reason, text);
    client.flush();
  }

  private void stopConnecting() {
    Connecting attempt = connecting;
    if (attempt != null) {
      connecting = null;
      attempt.stop();
    }
  }

  private void send(UpstreamSide connection) {
    upstream = connection;
    phase = Phase.SENT;
    tally.via(connection);
    connection.begin(this, request, framing);
    ByteBuf soFar = body.copy(client.allocator());
    if (soFar != null) {
      connection.requestData(soFar);
    }
    if (body.isEnded()) {
      connection.requestEnd(body.trailers());
    }
    if (inputEnded) {
      connection.endOutput();
    }
    client.holdRequest(!connection.isWritable());
  }

  private void notReached(Throwable cause) {
    String why = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    Unreachable.Reason reason =
        cause instanceof Unreachable unreachable
            ? unreachable.reason()
            : Unreachable.Reason.REFUSED;
    if (reason.isOfTheEndpoint()) {
      target.unreachable();
    } else {
      target.untried();
    }
    boolean elsewhere =
        reason != Unreachable.Reason.NO_IDENTITY
            && reason != Unreachable.Reason.OVERLOADED
            && reason != Unreachable.Reason.NO_SOCKET;
    if (elsewhere && retry(RetryReason.CONNECT)) {
      return;
    }
    fail(ErrorReason.of(reason), "no connection to " + target + ": " + why);
  }

  // --- the request's body ---

  /** Some of the body; taken over. */
  void requestData(ByteBuf data) {
    body.begin();
    limits.active();
    UpstreamSide to = upstream;
    boolean sent = to != null && (phase == Phase.SENT || passesOn());
    if (phase == Phase.OVER) {
      data.release();
      return;
    }
    if (mirrors != null) {
      mirrors.data(data);
    }
    body.add(data, client.allocator(), sent);
    if (to != null && sent) {
      to.requestData(data);
      if (!to.isWritable()) {
        to.flush();
        client.holdRequest(!to.isWritable());
      }
    } else {
      data.release();
      client.holdRequest(body.isFull());
    }
  }

  void requestEnd(@Nullable Head trailers) {
    if (mirrors != null) {
      mirrors.end(trailers);
    }
    body.end(trailers);
    UpstreamSide to = upstream;
    if (to != null && (phase == Phase.SENT || passesOn())) {
      boolean answered = phase == Phase.ANSWERED;
      to.requestEnd(trailers);
      to.flush();
      if (answered) {
        over();
      }
    }
  }

  private boolean passesOn() {
    return phase == Phase.ANSWERING || phase == Phase.ANSWERED;
  }

  /** The client has read all that there was in this turn. */
  void flushRequest() {
    if (mirrors != null) {
      mirrors.flush();
    }
    UpstreamSide to = upstream;
    if (to != null) {
      to.flush();
    }
  }

  /** The client has ended its side behind a complete request. */
  void inputEnded() {
    inputEnded = true;
    UpstreamSide to = upstream;
    if (to != null && phase != Phase.ANSWERED) {
      to.endOutput();
    }
  }

  void upstreamWritable(boolean writable) {
    client.holdRequest(!writable);
  }

  void clientWritable(boolean writable) {
    UpstreamSide from = upstream;
    if (from != null) {
      from.setReading(writable);
    }
  }

  /** What came of the request's body can't be understood, or took too long. */
  void refuse(ErrorReason reason, String text) {
    dropUpstream();
    if (phase == Phase.ANSWERING || phase == Phase.ANSWERED) {
      brokenOff(reason, text);
    } else {
      fail(reason, text);
    }
  }

  /** The target's rules have changed, and do not admit the request any more. */
  void deny() {
    refuse(ErrorReason.DENIED, denial());
    client.flush();
  }

  private String denial() {
    return service + " does not admit this request; look at the AccessPolicies that select it";
  }

  /** The client is gone, or has broken its request off. */
  void cancel() {
    if (phase == Phase.OVER) {
      return;
    }
    if (phase != Phase.ANSWERED) {
      tally.answered(phase == Phase.ANSWERING ? status : CLIENT_LEFT);
    }
    dropUpstream();
    over();
  }

  // --- the answer ---

  void interim(Head head) {
    limits.active();
    boolean isContinue = head.status() == 100;
    if (isContinue && !body.askFor()) {
      return;
    }
    HopByHop.strip(head, false);
    if (!isContinue) {
      // A byte of the answer is passed on.
      body.forget();
    }
    client.interim(head);
    holdAnswer();
  }

  void answer(Head head, Framing answerFraming, boolean upstreamKept) {
    limits.active();
    int code = head.status();
    boolean failure = code >= 500 && code != 501 && code != 505;
    if (failure) {
      target.failed();
    } else {
      target.answered();
    }
    if (retries.lists(head, answerFraming)) {
      UpstreamSide from = upstream;
      if (retry(RetryReason.STATUS, head)) {
        if (from != null) {
          from.discard();
        }
        return;
      }
    }
    phase = Phase.ANSWERING;
    limits.endTry();
    status = code;
    body.forget();
    HopByHop.strip(head, false);
    if (!filters.isEmpty()) {
      ResponseFilters.apply(filters, origin, head);
    }
    client.answer(head, answerFraming, body.isEnded() || (upstreamKept && !body.isWithheld()));
    holdAnswer();
  }

  private void holdAnswer() {
    UpstreamSide from = upstream;
    if (from != null && !client.isWritable()) {
      from.setReading(false);
    }
  }

  void answerData(ByteBuf data) {
    limits.active();
    client.answerData(data);
    if (!client.isWritable()) {
      client.flush();
      holdAnswer();
    }
  }

  /**
   * The answer is complete.
   *
   * @param last whether the connection takes no more of the request either
   */
  void answerEnd(@Nullable Head trailers, boolean last) {
    tally.answered(status);
    if (last || body.isEnded()) {
      upstream = null;
      over();
    } else if (body.isWithheld()) {
      dropUpstream();
      over();
    } else {
      phase = Phase.ANSWERED;
      limits.answered();
    }
    client.answerEnd(trailers);
  }

  void flushClient() {
    client.flush();
  }

  boolean allowsSwitch() {
    return upgrade || request.method().equals("CONNECT");
  }

  /** The endpoint speaks another protocol from here on, on a channel that is the client's now. */
  void switchProtocol(Head head, DuplexChannel to, @Nullable ByteBuf early) {
    target.answered();
    tally.answered(head.status());
    phase = Phase.SWITCHED;
    limits.stop();
    HopByHop.strip(head, head.status() == 101);
    context.gate().switched(this);
    client.switchProtocol(head, to, early);
  }

  /** The other protocol has ended. */
  void switchEnded() {
    upstream = null;
    over();
  }

  String service() {
    return service;
  }

  /**
   * The connection is gone.
   *
   * @param answered whether the answer was complete, so that only the rest of the request is lost
   */
  void upstreamClosed(boolean answered) {
    UpstreamSide from = upstream;
    upstream = null;
    if (answered) {
      brokenOff(ErrorReason.UPSTREAM_CLOSED, target + " took no more of the request");
      return;
    }
    if (phase == Phase.ANSWERING) {
      target.failed();
      brokenOff(ErrorReason.UPSTREAM_CLOSED, target + " broke its answer off");
      return;
    }
    boolean stale = from != null && from.isUsed();
    if (stale && !staleRetried && body.isReplayable() && Methods.isIdempotent(request.method())) {
      repeatAtOnce();
      return;
    }
    target.unreachable();
    if (retries.afterReset() && retry(RetryReason.RESET)) {
      return;
    }
    fail(ErrorReason.UPSTREAM_CLOSED, target + " closed the connection before it answered");
  }

  /**
   * The endpoint did nothing with the request, and has said so (RFC 9113, 8.7).
   *
   * @param leaving because it takes no more on that connection; otherwise the request itself was
   *     refused, for which it may have its reasons
   */
  void notProcessed(boolean leaving) {
    upstream = null;
    if (leaving && !staleRetried && body.isReplayable()) {
      target.untried();
      repeatAtOnce();
      return;
    }
    target.failed();
    if (!retry(RetryReason.REFUSED)) {
      fail(ErrorReason.UPSTREAM_CLOSED, target + " did not take the request");
    }
  }

  /** As if it had never been tried: nobody did anything wrong. */
  private void repeatAtOnce() {
    staleRetried = true;
    target.close();
    retries.count(RetryReason.STALE_CONNECTION);
    attempt();
    flushRequest();
  }

  void malformedAnswer(MalformedException e) {
    UpstreamSide from = upstream;
    upstream = null;
    target.failed();
    ErrorReason reason =
        e.kind() == MalformedException.Kind.TOO_LARGE
            ? ErrorReason.RESPONSE_HEADERS_TOO_LARGE
            : ErrorReason.BAD_RESPONSE;
    String text =
        (from == null ? target.label() : from.endpoint().address() + " of " + target.label())
            + " answered with what can't be passed on: "
            + e.problem();
    if (phase == Phase.ANSWERING) {
      brokenOff(reason, text);
    } else {
      fail(reason, text);
    }
  }

  private void brokenOff(ErrorReason reason, String text) {
    if (phase == Phase.ANSWERING) {
      tally.answered(status);
    }
    over();
    client.answerBroken(ErrorAnswer.of(reason, text));
  }

  // --- again ---

  /** Whether it will be sent again; then the caller has nothing more to do. */
  private boolean retry(RetryReason reason) {
    return retry(reason, null);
  }

  /**
   * @param answer what the endpoint said, if it said anything
   */
  private boolean retry(RetryReason reason, @Nullable Head answer) {
    // Most clients that have ended their side have left, and the work would be for nobody.
    boolean leftAlone = inputEnded && reason != RetryReason.CONNECT;
    long pauseNanos =
        leftAlone || !body.isReplayable() ? Retries.NO_RETRY : retries.take(reason, answer);
    if (pauseNanos == Retries.NO_RETRY) {
      return false;
    }
    Endpoint last = target.endpoint();
    if (last != null) {
      retries.failedAt(last);
    }
    target.close();
    upstream = null;
    phase = Phase.PAUSING;
    limits.endTry();
    pauseFor(pauseNanos, this::attempt);
    return true;
  }

  private void pauseFor(long nanos, Runnable then) {
    pause = client.loop().schedule(() -> goOn(then), nanos, TimeUnit.NANOSECONDS);
  }

  private void goOn(Runnable then) {
    pause = null;
    if (phase == Phase.PAUSING) {
      then.run();
      flushRequest();
      client.flush();
    }
  }

  // --- time ---

  /** The deadline is reached, or one of those that were set before it. */
  void onDeadline() {
    if (phase == Phase.OVER || phase == Phase.SWITCHED) {
      return;
    }
    switch (limits.reached()) {
      case REQUEST ->
          timedOut(
              ErrorReason.TIMEOUT, "the request was not done in " + limits.timeouts().request());
      case TRY -> tryTimedOut();
      case IDLE -> timedOut(ErrorReason.IDLE_TIMEOUT, "not a byte came for " + limits.idle());
      case NOTHING -> limits.arm();
    }
    client.flush();
  }

  private void tryTimedOut() {
    if (phase == Phase.ANSWERING || phase == Phase.ANSWERED) {
      limits.endTry();
      limits.arm();
      return;
    }
    String last = target.toString();
    UpstreamSide from = upstream;
    stopConnecting();
    admission.connected();
    target.timedOut();
    if (retries.afterTimeOut() && retry(RetryReason.TRY_TIMEOUT)) {
      if (from != null) {
        from.cancel();
      }
      limits.arm();
    } else {
      timedOut(ErrorReason.TRY_TIMEOUT, last + " did not answer in " + limits.timeouts().perTry());
    }
  }

  private void timedOut(ErrorReason reason, String text) {
    String why = target.label() + ": " + text;
    dropUpstream();
    if (phase == Phase.ANSWERING || phase == Phase.ANSWERED) {
      brokenOff(reason, why);
    } else {
      fail(reason, why);
    }
  }

  // --- the end ---

  private void fail(ErrorReason reason, String text) {
    fail(ErrorAnswer.of(reason, text));
  }

  private void fail(ErrorAnswer answer) {
    tally.failed(answer.reason());
    over();
    client.answerError(answer);
  }

  private void dropUpstream() {
    UpstreamSide from = upstream;
    upstream = null;
    if (from != null) {
      from.cancel();
    }
  }

  /** Gives back all that it holds. */
  private void over() {
    phase = Phase.OVER;
    context.gate().over(this);
    if (mirrors != null && !body.isEnded()) {
      // What is left of the body is not read any more, or not by this.
      mirrors.cancel();
    }
    stopConnecting();
    Future<?> pausing = pause;
    if (pausing != null) {
      pausing.cancel(false);
      pause = null;
    }
    limits.end();
    target.close();
    admission.close();
    body.release();
  }

  boolean isOver() {
    return phase == Phase.OVER;
  }

  /** Whether it may lead to where further requests could be made that nobody here would see. */
  boolean leadsOutOfSight() {
    return allowsSwitch() && !HopByHop.upgradesToWebSocket(request);
  }

  /** Its head, until it is over. */
  Head request() {
    return request;
  }
}
