package io.weftmesh.lab.mesh;

import io.weftmesh.lab.Pod;
import io.weftmesh.lab.host.Command;
import io.weftmesh.lab.host.LabFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;

/** Where the processes of a mesh find each other's files, and who may read them. */
public final class MeshFiles {
  private final LabFolder folder;

  MeshFiles(LabFolder folder) {
    this.folder = folder;
  }

  void create(Path repository, int caUser, TokenIssuer tokens) {
    try {
      // Below the lab every user can reach the programs, wherever the repository lies.
      Files.createDirectories(repository());
      Command.of("mount", "--bind", "-o", "ro", repository.toString(), repository().toString())
          .run();
      for (Path owned : new Path[] {ca(), caRoot(), caState()}) {
        Files.createDirectories(owned);
        own(owned, caUser, owned.equals(ca()) ? "rwxr-xr-x" : "rwx------");
      }
      Files.writeString(jwks(), tokens.jwks());
      tokens.save(tokenKey());
      Files.createDirectories(training());
      Files.setPosixFilePermissions(training(), PosixFilePermissions.fromString("rwxrwxrwx"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Weft's sources and programs. */
  Path repository() {
    return folder.path().resolve("weft");
  }

  private Path ca() {
    return folder.path().resolve("ca");
  }

  Path caRoot() {
    return ca().resolve("root");
  }

  Path caState() {
    return ca().resolve("state");
  }

  Path caControl() {
    return ca().resolve("control.sock");
  }

  Path jwks() {
    return ca().resolve("jwks.json");
  }

  /** The roots that the nodes trust, as PEM. */
  public Path trustBundle() {
    return ca().resolve("bundle.pem");
  }

  /** What the tokens of the node proxies' pods are signed with. */
  private Path tokenKey() {
    return folder.path().resolve("token-key");
  }

  TokenIssuer readTokenKey() {
    try {
      return TokenIssuer.read(tokenKey());
    } catch (NoSuchFileException e) {
      throw new IllegalStateException("there is no mesh in lab " + folder.name(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path training() {
    return folder.path().resolve("training");
  }

  /** Where a process in training leaves its AOT cache; every user may write here. */
  Path training(Program program) {
    return training().resolve(program.name().toLowerCase(Locale.ROOT) + ".aot");
  }

  Path redirectorSocket(String node) {
    return folder.node(node).resolve("redirector.sock");
  }

  /** The token of a node proxy's pod. */
  public Path token(Pod pod) {
    return folder.node(pod.node()).resolve(pod.manifest().name() + ".token");
  }

  void writeToken(Pod pod, String token, int user) {
    try {
      Path next = folder.node(pod.node()).resolve(pod.manifest().name() + ".token.next");
      Files.writeString(next, token);
      own(next, user, "r--------");
      Files.move(next, token(pod), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void own(Path file, int user, String permissions) throws IOException {
    Files.setAttribute(file, "unix:uid", user);
    Files.setAttribute(file, "unix:gid", user);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
  }
}
