package io.weftmesh.proxy.main;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class OptionsTest {
  @Test
  void fillsInTheDocumentedDefaults() {
    Settings settings = parse();

    assertThat(settings.metrics().getPort()).isEqualTo(15020);
    assertThat(settings.health().getPort()).isEqualTo(15021);
    assertThat(settings.identityWait()).isEqualTo(Duration.ofSeconds(10));
    assertThat(settings.drainTimeout()).isEqualTo(Duration.ofSeconds(30));
    assertThat(settings.maxHeaderBytes()).isEqualTo(60 * 1024);
  }

  @ParameterizedTest
  @CsvSource({"1, 2", "8, 2", "16, 4", "32, 8", "128, 8"})
  void takesAQuarterOfTheCoresForLoops(int cores, int loops) {
    assertThat(Settings.defaultLoops(cores)).isEqualTo(loops);
  }

  @ParameterizedTest
  @CsvSource({
    "--trust-domain, Cluster.Local",
    "--loops, 0",
    "--loops, 65",
    "--drain-timeout, PT0S",
    "--identity-wait, PT-1S",
    "--max-header-bytes, 100",
    "--metrics, 15020",
    "--ca, weft-ca",
  })
  void refusesAWrongValueAndNamesTheOption(String option, String value) {
    assertThatThrownBy(() -> parse(option, value))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(option)
        .hasMessageContaining(value);
  }

  @Test
  void readsAFolderOrAnApiServerAndNotBoth() {
    assertThat(parse().cluster())
        .isEqualTo(new Settings.Cluster.Manifests(Path.of("/etc/weft/manifests")));
    assertThatThrownBy(() -> parse("--kubeconfig=/root/.kube/config"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("/etc/weft/manifests")
        .hasMessageContaining("/root/.kube/config");
  }

  private static Settings parse(String... changed) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--node=node-1",
                "--manifests=/etc/weft/manifests",
                "--redirector=/run/weft/redirector.sock",
                "--trust-bundle=/etc/weft/bundle.pem",
                "--token=/run/weft/token"));
    arguments.addAll(List.of(changed));
    if (!arguments.contains("--ca")) {
      arguments.addAll(List.of("--ca", "10.0.0.1:15012"));
    }
    if (!arguments.contains("--trust-domain")) {
      arguments.addAll(List.of("--trust-domain", "cluster.local"));
    }
    var options = new Options();
    new CommandLine(options).parseArgs(arguments.toArray(String[]::new));
    return options.toSettings(4);
  }
}
