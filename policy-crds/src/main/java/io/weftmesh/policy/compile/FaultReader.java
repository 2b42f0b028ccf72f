package io.weftmesh.policy.compile;

import io.weftmesh.policy.model.FaultPolicy;
import io.weftmesh.policy.model.FaultPolicy.Answer;
import io.weftmesh.policy.model.GrpcStatus;
import io.weftmesh.policy.model.HeaderMatch;
import io.weftmesh.policy.v1alpha1.FaultSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Checks the faults of a {@code TrafficPolicy}. */
final class FaultReader {
  private static final int MAX_HEADERS = 16;
  private static final Duration MAX_DELAY = Duration.ofHours(1);

  private FaultReader() {}

  static FaultPolicy read(FaultSpec spec, Findings findings) {
    if (spec.delay() == null && spec.abort() == null) {
      findings.invalid("spec.fault", "says nothing, expected delay or abort");
    }
    return new FaultPolicy(
        headers(findings.atMost("spec.fault.headers", spec.headers(), MAX_HEADERS), findings),
        Optional.ofNullable(spec.delay()).map(written -> delay(written, findings)),
        Optional.ofNullable(spec.abort()).map(written -> abort(written, findings)));
  }

  private static List<HeaderMatch> headers(List<FaultSpec.Header> written, Findings findings) {
    List<HeaderMatch> headers = new ArrayList<>();
    for (int i = 0; i < written.size(); i++) {
      FaultSpec.Header header = written.get(i);
      String field = "spec.fault.headers[" + i + "]";
      String name = findings.required(field + ".name", header == null ? null : header.name());
      if (header == null || header.value() == null) {
        findings.invalid(field + ".value", "is missing");
      } else if (name != null) {
        headers.add(new HeaderMatch(name, header.value()));
      }
    }
    return headers;
  }

  private static FaultPolicy.Delay delay(FaultSpec.Delay spec, Findings findings) {
    String field = "spec.fault.delay.duration";
    if (spec.duration() == null) {
      findings.invalid(field, "is missing");
    }
    Duration duration = Durations.read(findings, field, spec.duration(), MAX_DELAY);
    if (duration.isZero() || duration.compareTo(MAX_DELAY) > 0) {
      findings.invalid(field, "is " + spec.duration() + ", expected more than 0s and at most 1h");
    }
    return new FaultPolicy.Delay(
        duration, findings.required("spec.fault.delay.percent", spec.percent(), 0, 100));
  }

  private static FaultPolicy.Abort abort(FaultSpec.Abort spec, Findings findings) {
    if ((spec.status() == null) == (spec.grpcStatus() == null)) {
      findings.invalid(
          "spec.fault.abort",
          spec.status() == null
              ? "lacks its answer, expected status or grpcStatus"
              : "has both status and grpcStatus, expected one of them");
    }
    return new FaultPolicy.Abort(
        answer(spec, findings),
        findings.required("spec.fault.abort.percent", spec.percent(), 0, 100));
  }

  private static Answer answer(FaultSpec.Abort spec, Findings findings) {
    @Nullable GrpcStatus grpc =
        spec.grpcStatus() == null
            ? null
            : GrpcStatuses.read(findings, "spec.fault.abort.grpcStatus", spec.grpcStatus());
    return grpc != null
        ? new Answer.Grpc(grpc)
        : new Answer.Http(findings.within("spec.fault.abort.status", spec.status(), 400, 599, 500));
  }
}
