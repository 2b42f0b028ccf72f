package io.weftmesh.lab.figures;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.host.CpuPartition.Held;
import io.weftmesh.lab.host.LabProcess;
import io.weftmesh.lab.host.OwnProgram;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.noise.Noise;
import io.weftmesh.lab.noise.NoiseCount;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** The programs of a pod that makes noise, held to what they may have of the processors. */
final class NoisyPod implements AutoCloseable {
  private static final Duration SETTLE = Duration.ofSeconds(2);
  private static final int LOG_BYTES = 4_000;
  private static final AtomicInteger STARTED = new AtomicInteger();

  private final List<LabProcess> programs;

  private NoisyPod(List<LabProcess> programs) {
    this.programs = programs;
  }

  /**
   * Where one of the programs sends what.
   *
   * @param held what the program may have, its server included
   */
  record Program(String name, String address, Noise.Level level, Held held) {}

  /** Starts the programs in {@code client}, and returns when they are at their height. */
  static NoisyPod start(Lab lab, Pod client, List<Program> programs) {
    NoisyPod pod =
        new NoisyPod(programs.stream().map(program -> start(lab, client, program)).toList());
    long start = System.nanoTime();
    Wait.until(() -> System.nanoTime() - start > SETTLE.toNanos(), "the noise to be at its height");
    return pod;
  }

  private static LabProcess start(Lab lab, Pod client, Program program) {
    List<String> command =
        OwnProgram.command(Noise.class, program.level().arguments(program.address()));
    String name = fill("noise.%s.%d", program.name(), STARTED.incrementAndGet());
    LabProcess process = lab.launch().start(name, client.entering(command), Map.of());
    // Held from its first moment, it would take seconds to start.
    Wait.until(
        () -> NoiseCount.isIn(process.logTail(LOG_BYTES)),
        fill("noise from %s of %s", process, client));
    program.held().add(process);
    return process;
  }

  /** What all of them have brought through up to now. */
  NoiseCount count() {
    return programs.stream()
        .map(program -> NoiseCount.last(program.logTail(LOG_BYTES)))
        .reduce(NoiseCount::and)
        .orElseThrow();
  }

  @Override
  public void close() {
    programs.forEach(program -> {
      program.kill();
      program.forget();
    });
  }
}
