package io.weftmesh.redirector.netns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OccupancyTest {
  @TempDir Path proc;
  private Occupancy occupancy;

  @BeforeEach
  void start() {
    occupancy = new Occupancy(proc);
  }

  @Test
  void keepsOnlyNamespacesThatNobodyLivesIn() throws IOException {
    addProcess("1", 100);
    addProcess("20", 200);
    addProcess("21", 200);
    Files.createDirectories(proc.resolve("22"));

    assertThat(empty(100, 200, 300)).containsExactly(300L);
  }

  @Test
  void looksForAnotherProcessWhenTheOneItRememberedHasGone() throws IOException {
    addProcess("20", 200);
    addProcess("21", 200);
    assertThat(empty(200)).isEmpty();
    removeProcess("20");
    assertThat(empty(200)).isEmpty();
    removeProcess("21");
    assertThat(empty(200)).containsExactly(200L);
  }

  @Test
  void isNotFooledByAPidThatLivesOnInAnotherNamespace() throws IOException {
    addProcess("20", 200);
    assertThat(empty(200)).isEmpty();
    removeProcess("20");
    addProcess("20", 300);

    assertThat(empty(200)).containsExactly(200L);
  }

  private Set<Long> empty(long... inodes) {
    Set<Long> set = new HashSet<>();
    for (long inode : inodes) {
      set.add(inode);
    }
    occupancy.removeOccupied(set);
    return set;
  }

  private void addProcess(String pid, long inode) throws IOException {
    Path ns = Files.createDirectories(proc.resolve(pid).resolve("ns"));
    Files.createSymbolicLink(ns.resolve("net"), Path.of("net:[" + inode + "]"));
  }

  private void removeProcess(String pid) throws IOException {
    for (String path : List.of("ns/net", "ns", "")) {
      Files.delete(proc.resolve(pid).resolve(path));
    }
  }
}
