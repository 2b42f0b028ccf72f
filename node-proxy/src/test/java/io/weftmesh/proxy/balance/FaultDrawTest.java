package io.weftmesh.proxy.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.FaultPolicy;
import io.weftmesh.policy.model.FaultPolicy.Abort;
import io.weftmesh.policy.model.FaultPolicy.Answer;
import io.weftmesh.policy.model.FaultPolicy.Delay;
import io.weftmesh.policy.model.HeaderMatch;
import io.weftmesh.policy.model.RequestHead;
import io.weftmesh.proxy.balance.FaultDraw.Fault;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FaultDrawTest {
  private static final RequestHead PLAIN = new Headers(Map.of());
  private static final Duration TWO_SECONDS = Duration.ofSeconds(2);

  private final FaultDraw draw = new FaultDraw(new Random(7));

  @Test
  void drawsDelayAndAbortByTheirPercentsIndependently() {
    FaultPolicy policy = policy(20, 10);
    int delayed = 0;
    int aborted = 0;
    int both = 0;
    for (int i = 0; i < 100_000; i++) {
      Fault fault = draw.draw(policy, PLAIN);
      delayed += fault.delay().isZero() ? 0 : 1;
      aborted += fault.abort().isPresent() ? 1 : 0;
      both += !fault.delay().isZero() && fault.abort().isPresent() ? 1 : 0;
    }

    assertThat(delayed).isBetween(19_500, 20_500);
    assertThat(aborted).isBetween(9_600, 10_400);
    assertThat(both).isBetween(1_800, 2_200);
  }

  @Test
  void aHundredPercentIsEachAndNoneIsNone() {
    for (int i = 0; i < 1000; i++) {
      assertThat(draw.draw(policy(100, 100), PLAIN))
          .isEqualTo(new Fault(TWO_SECONDS, Optional.of(new Answer.Http(503))));
      assertThat(draw.draw(policy(0, 0), PLAIN)).isSameAs(Fault.NONE);
    }
  }

  @Test
  void isAboutRequestsThatMeetAllHeaders() {
    var policy =
        new FaultPolicy(
            List.of(new HeaderMatch("X-Fault", "on"), new HeaderMatch("x-user", "tester")),
            Optional.empty(),
            Optional.of(new Abort(new Answer.Http(500), 100)));

    assertThat(draw.draw(policy, new Headers(Map.of("x-fault", "on", "x-user", "tester"))).abort())
        .contains(new Answer.Http(500));
    assertThat(draw.draw(policy, new Headers(Map.of("x-fault", "on")))).isSameAs(Fault.NONE);
    assertThat(draw.draw(policy, new Headers(Map.of("x-fault", "ON", "x-user", "tester"))))
        .isSameAs(Fault.NONE);
    assertThat(draw.draw(policy, PLAIN)).isSameAs(Fault.NONE);
  }

  private static FaultPolicy policy(int delayPercent, int abortPercent) {
    return new FaultPolicy(
        List.of(),
        Optional.of(new Delay(TWO_SECONDS, delayPercent)),
        Optional.of(new Abort(new Answer.Http(503), abortPercent)));
  }

  private record Headers(Map<String, String> headers) implements RequestHead {
    @Override
    public String method() {
      return "GET";
    }

    @Override
    public String path() {
      return "/";
    }

    @Override
    public String query() {
      return "";
    }

    @Override
    public String authority() {
      return "";
    }

    @Override
    public @Nullable String header(String name) {
      return headers.get(name);
    }
  }
}
