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

  /**
   * The one that holds our rules; else the one that others use in this namespace; else the one that
   * the kernel has for the future, if it works. Called on a thread of the namespace.
   */
  static Backend choose() throws IOException {
    boolean legacyInUse = Files.exists(LEGACY_TABLES) && !Files.readString(LEGACY_TABLES).isBlank();
    if (legacyInUse && !LEGACY.saved(Family.IPV4).isEmpty()) {
      return LEGACY;
    }
    Command nft = Command.run(List.of(NFT.program(Family.IPV4, "save")), "");
    if (nft.status() != 0) {
      return LEGACY;
    }
    boolean nftInUse = nft.output().contains("\n-A ");
    return legacyInUse && !nftInUse ? LEGACY : NFT;
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
