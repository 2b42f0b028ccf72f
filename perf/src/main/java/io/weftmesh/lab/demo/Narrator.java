package io.weftmesh.lab.demo;

import static io.weftmesh.lab.host.Template.fill;

import com.google.errorprone.annotations.FormatMethod;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/** Tells what is going on, and keeps count of what did not hold. */
final class Narrator {
  private final PrintStream out;
  private final BufferedReader keys;
  private final boolean waits;
  private final List<String> broken = new ArrayList<>();
  private int chapter;

  /**
   * Tells to {@code out}.
   *
   * @param waits whether the reader presses Enter before each chapter
   */
  Narrator(PrintStream out, BufferedReader keys, boolean waits) {
    this.out = out;
    this.keys = keys;
    this.waits = waits;
  }

  void chapter(String title) throws IOException {
    if (waits && chapter > 0) {
      out.print("\n  [Enter] ");
      out.flush();
      keys.readLine();
    }
    chapter++;
    out.print(fill("%n== %d. %s%n%n", chapter, title));
  }

  @FormatMethod
  void say(String template, Object... values) {
    fill(template, values).lines().forEach(line -> out.println("  " + line));
  }

  /** Shows a command as a user would type it. */
  void command(String line) {
    out.println("    $ " + line);
  }

  /** Shows what a command printed. */
  void output(String text) {
    text.lines().forEach(line -> out.println("      " + line));
  }

  /** Says {@code claim}, and whether it is true. */
  @FormatMethod
  void check(boolean holds, String claim, Object... values) {
    String text = fill(claim, values);
    out.println((holds ? "  [ok]     " : "  [BROKEN] ") + text);
    if (!holds) {
      broken.add(chapter + ": " + text);
    }
  }

  /** Returns whether all that was claimed was true, and says so. */
  boolean finish() {
    out.println();
    if (broken.isEmpty()) {
      out.println("Everything that was claimed above was measured, and held.");
    } else {
      out.println("This did not hold:");
      broken.forEach(claim -> out.println("  " + claim));
    }
    return broken.isEmpty();
  }
}
