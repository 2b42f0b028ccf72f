package io.weftmesh.ca.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class SettingsTest {
  @TempDir private Path folder;

  @BeforeEach
  void files() throws Exception {
    Files.createDirectory(folder.resolve("manifests"));
    Files.writeString(folder.resolve("jwks.json"), "{}");
  }

  private Settings parse(String... more) throws InvalidSettingException {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--listen=[::]:15012",
                "--trust-domain=cluster.local",
                "--root-dir=" + folder.resolve("root"),
                "--state-dir=" + folder.resolve("state"),
                "--manifests=" + folder.resolve("manifests"),
                "--jwks=" + folder.resolve("jwks.json"),
                "--bundle-out=" + folder.resolve("bundle.pem")));
    for (String argument : more) {
      arguments.removeIf(old -> old.startsWith(argument.split("=", 2)[0] + "="));
      arguments.add(argument);
    }
    TestCluster.Holder holder = new TestCluster.Holder();
    new CommandLine(holder).parseArgs(arguments.toArray(String[]::new));
    return Settings.parse(holder.options);
  }

  @Test
  void hasTheDefaultsOfTheTable() throws Exception {
    Settings settings = parse();

    assertThat(settings.leafLifetime()).isEqualTo(Duration.ofHours(1));
    assertThat(settings.rootLifetime()).isEqualTo(Duration.ofDays(365));
    assertThat(settings.admin().getPort()).isEqualTo(15014);
    assertThat(settings.allowedServiceAccounts()).hasToString("[weft-system/weft-node-proxy]");
    assertThat(folder.resolve("root")).isDirectory();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--listen=localhost:1          | expected an IP address and a port",
        "--listen=10.0.0.1             | expected an IP address and a port",
        "--listen=10.0.0.1:70000       | expected an IP address and a port",
        "--admin=x                     | expected an IP address and a port",
        "--trust-domain=Cluster.local  | choose a name such as cluster.local",
        "--leaf-lifetime=1 hour        | expected a number and a unit",
        "--leaf-lifetime=9s            | expected 10s to 24h",
        "--leaf-lifetime=25h           | expected 10s to 24h",
        "--root-lifetime=90m           | expected at least twice --leaf-lifetime 1h",
        "--allow-service-account=proxy | expected namespace/name",
        "--own-address=ca:15012        | expected a host name or an IP address",
        "--manifests=/nowhere          | expected a folder that can be read",
        "--jwks=/nowhere               | expected a file that can be read",
        "--bundle-out=/nowhere/b.pem   | expected a file in a folder",
        "--control=/nowhere/c.sock     | expected a file in a folder",
        "--root-dir=/dev/null/root     | can't be made",
      })
  void saysInOneLineWhichValueIsWrongAndWhatWasExpected(String argument, String expected) {
    String[] parts = argument.split("=", 2);
    assertThatThrownBy(() -> parse(argument))
        .isInstanceOf(InvalidSettingException.class)
        .hasMessageStartingWith(parts[0] + " " + parts[1] + ": ")
        .hasMessageContaining(expected)
        .hasMessageNotContaining("\n");
  }
}
