package io.weftmesh.proxy.http.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Hostile bytes, made by bending what is right. Netty's decoder, at its strictest, is the second
 * judge: of a stream that the proxy accepts as so many requests, no other reader may make others.
 * {@code -Dweft.fuzz.rounds=100000000} for a long run.
 */
class CodecFuzzTest {
  private static final int ROUNDS = Integer.getInteger("weft.fuzz.rounds", 30_000);
  private static final long SEED = Long.getLong("weft.fuzz.seed", 42);

  private static final String[] SEEDS = {
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n",
    "PUT /y HTTP/1.0\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
  };

  private static final String[] PIECES = {
    "\r\n",
    "\n",
    "\r",
    " ",
    "\t",
    ":",
    ",",
    ";",
    "\u0000",
    "0",
    "5",
    "\r\n\r\n",
    "\r\n ",
    "a",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n",
    "chunked",
    "Transfer-Encoding:\u000bchunked\r\n",
    "HTTP/1.0",
    "HTTP/1.1",
    "GET / HTTP/1.1\r\n\r\n",
    "0\r\n\r\n",
    "fffffffff",
    "-",
    "+",
    "\u0085",
    "\u00ff",
    "Connection: close\r\n",
  };

  private record Request(String method, String target, String body) {}

  @Test
  void noOtherReaderSeesOtherRequestsInWhatIsAccepted() {
    int accepted = 0;
    for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
      try {
        accepted += accepted(new SplittableRandom(seed));
      } catch (RuntimeException | AssertionError failure) {
        throw new AssertionError("round with seed " + seed, failure);
      }
    }
    // A parser that refuses everything would agree with anybody.
    assertThat(accepted).isGreaterThanOrEqualTo(ROUNDS / 2);
  }

  private static int accepted(SplittableRandom random) {
    String text = hostile(random);
    List<Request> ours = ours(text, 1 + random.nextInt(text.length() + 1));
    List<@Nullable Request> theirs = theirs(text, ours.size());
    for (int i = 0; i < ours.size(); i++) {
      if (i >= theirs.size() || theirs.get(i) == null) {
        break; // refused there: no second reading
      }
      assertThat(theirs.get(i)).describedAs("request %d of %s", i, text).isEqualTo(ours.get(i));
    }
    return ours.size();
  }

  private static String hostile(SplittableRandom random) {
    var text = new StringBuilder();
    for (int i = 1 + random.nextInt(3); i > 0; i--) {
      text.append(SEEDS[random.nextInt(SEEDS.length)]);
    }
    for (int i = random.nextInt(4); i > 0; i--) {
      int at = random.nextInt(text.length());
      switch (random.nextInt(4)) {
        case 0 -> text.deleteCharAt(at);
        case 1 -> text.setCharAt(at, (char) random.nextInt(256));
        case 2 -> text.insert(at, PIECES[random.nextInt(PIECES.length)]);
        default -> {
          int end = Math.min(text.length(), at + 1 + random.nextInt(20));
          text.insert(random.nextInt(text.length()), text.substring(at, end));
        }
      }
    }
    return text.toString();
  }

  private static List<Request> ours(String text, int pieceBytes) {
    List<Request> requests = new ArrayList<>();
    ByteBuf all = Http1Text.bytes(text);
    var reader = HeadReader.ofRequests(8192);
    var bodyReader = new BodyReader(8192);
    var head = new Head();
    var body = new StringBuilder();
    var sink =
        new BodyReader.Sink() {
          @Override
          public void data(ByteBuf data) {
            body.append(data.toString(StandardCharsets.ISO_8859_1));
            data.release();
          }

          @Override
          public void end(@Nullable Head trailers) {
            requests.add(new Request(head.method(), head.target(), body.toString()));
            head.clear();
            body.setLength(0);
          }
        };
    try {
      boolean inBody = false;
      while (all.isReadable()) {
        ByteBuf piece = all.readSlice(Math.min(pieceBytes, all.readableBytes()));
        while (piece.isReadable()) {
          if (!inBody && reader.read(piece, head)) {
            bodyReader.begin(Framing.ofRequest(head));
            inBody = true;
          }
          if (inBody && bodyReader.read(piece, sink)) {
            inBody = false;
          }
        }
      }
    } catch (MalformedException refused) {
      assertThat(refused).hasMessageNotContaining("null");
    }
    assertThat(all.refCnt()).isEqualTo(1);
    all.release();
    return requests;
  }

  private static List<@Nullable Request> theirs(String text, int atMost) {
    List<@Nullable Request> requests = new ArrayList<>();
    var channel =
        new EmbeddedChannel(
            new HttpRequestDecoder(
                new HttpDecoderConfig().setMaxHeaderSize(8192).setStrictLineParsing(true)));
    channel.writeInbound(Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1));
    HttpRequest head = null;
    var body = new StringBuilder();
    for (Object object = channel.readInbound();
        object != null && requests.size() < atMost;
        object = channel.readInbound()) {
      DecoderResult result = ((HttpObject) object).decoderResult();
      if (result.isFailure()) {
        requests.add(null);
        ReferenceCountUtil.release(object);
        break;
      }
      if (object instanceof HttpRequest request) {
        head = request;
        body.setLength(0);
      }
      if (object instanceof HttpContent content) {
        body.append(content.content().toString(StandardCharsets.ISO_8859_1));
      }
      if (object instanceof LastHttpContent && head != null) {
        requests.add(new Request(head.method().name(), head.uri(), body.toString()));
      }
      ReferenceCountUtil.release(object);
    }
    channel.finishAndReleaseAll();
    return requests;
  }
}
