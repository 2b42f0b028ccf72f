package io.weftmesh.redirector.rules;

import io.weftmesh.redirector.lease.Family;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The two ways by which iptables speaks to the kernel. Rules of one are invisible to the other. */
enum Backend {
  NFT("nft"),
  LEGACY("legacy");

  /** Names the legacy tables that the namespace of this thread has made use of. */
  private static final Path LEGACY_TABLES = Path.of("/proc/thread-self/net/ip_tables_names");

  private final String suffix;

  Backend(String suffix) {
    this.suffix = suffix;
  }

  /** A backend and our part of its IPv4 tables. */
  record Choice(Backend backend, SavedTables saved) {}

  /**
   * The one that holds our rules; else the one that others use in this namespace; else the one that
   * the kernel has for the future, if it has it. Called on a thread of the namespace.
   */
  static Choice choose() throws IOException {
    boolean legacyInUse = Files.exists(LEGACY_TABLES) && !Files.readString(LEGACY_TABLES).isBlank();
    SavedTables legacy = legacyInUse ? LEGACY.saved(Family.IPV4) : SavedTables.parse("");
    if (!legacy.isEmpty()) {
      return new Choice(LEGACY, legacy);
    }
    if (!legacyInUse && NftGeneration.read() == NftGeneration.UNTOUCHED) {
      return new Choice(NFT, legacy);
    }
    Command nft = Command.run(List.of(NFT.program(Family.IPV4, "save")), "");
    boolean nftInUse = nft.output().contains("\n-A ");
    return nft.status() == 0 && (nftInUse || !legacyInUse)
        ? new Choice(NFT, SavedTables.parse(nft.output()))
        : new Choice(LEGACY, legacy);
  }

  /** Our part of the tables of this thread's namespace. */
  SavedTables saved(Family family) throws IOException {
    return SavedTables.parse(Command.output(List.of(program(family, "save")), ""));
  }

  /** Carries out a script in the namespace of this thread. */
  void restore(Family family, RestoreScript script) throws IOException {
    Command.output(
        List.of(program(family, "restore"), "--noflush", "--wait", "5"), script.toString());
  }

  private String program(Family family, String what) {
    return (family == Family.IPV4 ? "iptables-" : "ip6tables-") + suffix + '-' + what;
  }
}
