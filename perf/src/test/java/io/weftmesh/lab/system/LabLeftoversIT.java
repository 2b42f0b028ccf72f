package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.cluster.PodTemplate;
import io.weftmesh.lab.host.Command;
import io.weftmesh.lab.host.LabFolder;
import io.weftmesh.lab.host.LabProcess;
import io.weftmesh.lab.host.Launch;
import io.weftmesh.lab.host.NetworkNamespace;
import io.weftmesh.lab.host.ProcessIdentity;
import io.weftmesh.lab.host.Wait;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class LabLeftoversIT {
  private static final String NAME = "killed-" + ProcessHandle.current().pid();

  /** The lab's JVM of these tests: makes a lab, says so, and waits for its end. */
  static final class Owner {
    public static void main(String... arguments) throws IOException {
      Lab lab = Lab.create(arguments[0], 1);
      lab.apply(PodTemplate.named("shop/app").app(List.of("--http=8080")).build());
      System.out.println("made");
      if (System.in.read() >= 0) {
        System.exit(0);
      }
    }
  }

  @Test
  void nextLabRemovesWhatOneLeftWhoseProcessWasKilled() throws IOException {
    Process owner = startOwner();
    LabFolder left = LabFolder.find(NAME).orElseThrow();
    List<LabProcess> processes = new Launch(left.pids(), left.logs()).all();
    assertThat(processes).hasSize(2).allMatch(LabProcess::alive);
    Process unrecorded = sleepInside(left);

    owner.destroyForcibly().onExit().join();
    LabFolder.removeAbandoned();

    assertThat(processes).noneMatch(LabProcess::alive);
    assertThat(unrecorded.onExit().join().exitValue()).isNotZero();
    assertNothingIsLeft(left);
  }

  @Test
  void labOfLivingProcessIsLeftAlone() throws IOException {
    Process owner = startOwner();
    assertThat(LabFolder.removeAbandoned()).doesNotContain(NAME);
    LabFolder folder = LabFolder.find(NAME).orElseThrow();
    assertThat(new Launch(folder.pids(), folder.logs()).all()).allMatch(LabProcess::alive);
    owner.destroy();
    owner.onExit().join();
    assertNothingIsLeft(folder);
  }

  @Test
  void processThatTookAPidAgainIsNotTakenForTheRecordedOne() throws IOException {
    Path record = Files.createTempFile("identity", ".pid");
    ProcessIdentity self = ProcessIdentity.self();
    self.write(record);
    assertThat(ProcessIdentity.read(record).orElseThrow().alive()).isTrue();
    assertThat(new ProcessIdentity(self.pid(), self.startTicks() + 1, self.bootId()).alive())
        .isFalse();
    assertThat(new ProcessIdentity(self.pid(), self.startTicks(), "another boot").alive())
        .isFalse();
    Files.delete(record);
  }

  private static void assertNothingIsLeft(LabFolder folder) throws IOException {
    assertThat(Files.exists(folder.path())).isFalse();
    assertThat(Files.readString(Path.of("/proc/self/mountinfo")))
        .doesNotContain(folder.path().toString());
  }

  private static Process startOwner() throws IOException {
    Process owner =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Owner.class.getName(),
                NAME)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    assertThat(owner.inputReader().readLine()).isEqualTo("made");
    return owner;
  }

  /** A process that is in a namespace of the lab, of which the lab knows nothing. */
  private static Process sleepInside(LabFolder folder) throws IOException {
    NetworkNamespace node = NetworkNamespace.at(folder.namespaces().resolve("node-1"));
    Process sleep = new ProcessBuilder(node.entering(List.of("sleep", "300"))).start();
    Wait.until(
        () ->
            Files.readSymbolicLink(Path.of("/proc/" + sleep.pid() + "/ns/net"))
                .toString()
                .contains(Long.toString(node.inode())),
        "a process inside the node");
    assertThat(Command.of("kill", "-0", Long.toString(sleep.pid())).runAnyway().status()).isZero();
    return sleep;
  }
}
