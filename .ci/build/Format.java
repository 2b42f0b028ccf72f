import com.google.googlejavaformat.java.Formatter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Checks that every Java file under a folder is formatted as google-java-format would, or rewrites
 * it: {@code java Format.java check|replace FOLDER}. Run by the build on the JDK that Weft is
 * compiled for, because the formatter uses that JDK's own parser and Maven may run on an older one.
 */
public final class Format {
  public static void main(String[] arguments) throws Exception {
    boolean replace = arguments[0].equals("replace");
    Path folder = Path.of(arguments[1]);
    if (!Files.isDirectory(folder)) {
      return;
    }
    Formatter formatter = new Formatter();
    int wrong = 0;
    for (Path file : javaFiles(folder)) {
      String source = Files.readString(file);
      String formatted = formatter.formatSourceAndFixImports(source);
      if (formatted.equals(source)) {
        continue;
      }
      if (replace) {
        Files.writeString(file, formatted);
      } else {
        System.err.println("Not formatted: " + file);
        wrong++;
      }
    }
    if (wrong > 0) {
      System.err.println("To format them: mvn validate -Dformat.mode=replace");
      System.exit(1);
    }
  }

  private static List<Path> javaFiles(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      return files.filter(file -> file.toString().endsWith(".java")).sorted().toList();
    }
  }
}
