package io.weftmesh.lab.host;

import com.google.errorprone.annotations.FormatMethod;
import java.util.Locale;

/** Text with places for values, the same on a machine of any language. */
public final class Template {
  private Template() {}

  @FormatMethod
  public static String fill(String template, Object... values) {
    return String.format(Locale.ROOT, template, values);
  }
}
