package io.weftmesh.ca.server.rotation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.weftmesh.ca.server.signing.Pem;
import io.weftmesh.ca.server.signing.SigningAuthority;
import io.weftmesh.ca.server.signing.SigningAuthority.Origin;
import io.weftmesh.ca.server.store.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A {@link TrustStore} in one file of JSON, with keys and certificates as PEM, readable by the ca
 * alone.
 */
public final class TrustFile implements TrustStore {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Path file;

  public TrustFile(Path file) {
    this.file = file;
  }

  private record Stored(
      String phase,
      long bundleVersion,
      StoredAuthority active,
      @Nullable StoredAuthority other,
      @Nullable String oldDeadAt) {}

  private record StoredAuthority(Origin origin, String chain, String key) {
    static StoredAuthority of(SigningAuthority authority) {
      return new StoredAuthority(
          authority.origin(), Pem.encode(authority.chain()), Pem.encode(authority.key()));
    }

    SigningAuthority read() throws GeneralSecurityException {
      return new SigningAuthority(Pem.privateKey(key), Pem.certificates(chain), origin);
    }
  }

  @Override
  public Optional<TrustState> load() throws IOException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    if (Files.getPosixFilePermissions(file).stream().anyMatch(TrustFile::foreign)) {
      throw new IOException(
          file
              + " holds the ca's keys and is open to others; chmod 600 it, and think of it as"
              + " leaked (rotate force)");
    }
    try {
      return Optional.of(read(JSON.readValue(Files.readString(file), Stored.class)));
    } catch (JsonProcessingException e) {
      // Not with its cause: the message would quote the file, and so a key.
      throw unreadable("no JSON of the expected form, line " + line(e));
    } catch (GeneralSecurityException | RuntimeException e) {
      throw unreadable(String.valueOf(e.getMessage()));
    }
  }

  private static TrustState read(Stored stored) throws GeneralSecurityException, DateTimeException {
    SigningAuthority active = stored.active.read();
    if (stored.phase.equals("stable")) {
      return new TrustState.Stable(stored.bundleVersion, active);
    }
    if (stored.other == null) {
      throw new GeneralSecurityException("phase " + stored.phase + " without a second authority");
    }
    SigningAuthority other = stored.other.read();
    return switch (stored.phase) {
      case "prepared" -> new TrustState.Prepared(stored.bundleVersion, active, other);
      case "activated" ->
          new TrustState.Activated(
              stored.bundleVersion, active, other, Instant.parse(String.valueOf(stored.oldDeadAt)));
      default -> throw new GeneralSecurityException("unknown phase " + stored.phase);
    };
  }

  @Override
  public void save(TrustState state) throws IOException {
    StoredAuthority active = StoredAuthority.of(state.active());
    Stored stored =
        switch (state) {
          case TrustState.Stable _ ->
              new Stored(state.phase(), state.bundleVersion(), active, null, null);
          case TrustState.Prepared prepared ->
              new Stored(
                  state.phase(),
                  state.bundleVersion(),
                  active,
                  StoredAuthority.of(prepared.next()),
                  null);
          case TrustState.Activated activated ->
              new Stored(
                  state.phase(),
                  state.bundleVersion(),
                  active,
                  StoredAuthority.of(activated.old()),
                  activated.oldDeadAt().toString());
        };
    String text = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(stored);
    AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8), AtomicFile.SECRET);
  }

  private IOException unreadable(String why) {
    return new IOException(
        file
            + " can't be understood: "
            + why
            + "; restore it from a backup, or remove it and every"
            + " node's trust bundle to begin with a new root");
  }

  private static int line(JsonProcessingException e) {
    return e.getLocation() == null ? 0 : e.getLocation().getLineNr();
  }

  private static boolean foreign(PosixFilePermission permission) {
    return !Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE)
        .contains(permission);
  }
}
