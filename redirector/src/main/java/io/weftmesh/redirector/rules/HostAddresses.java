package io.weftmesh.redirector.rules;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/** The addresses of all interfaces of a namespace. */
public final class HostAddresses {
  private HostAddresses() {}

  /** Reads them; called on a thread of the namespace. */
  public static List<InetAddress> read() throws IOException {
    return parse(Command.output(List.of("ip", "-oneline", "address", "show"), ""));
  }

  /** One address a line, behind the word inet or inet6, before the slash of its prefix. */
  static List<InetAddress> parse(String output) {
    List<InetAddress> addresses = new ArrayList<>();
    String[] lines = output.split("\n", -1);
    for (String line : lines) {
      int inet = line.indexOf(" inet");
      int from = inet < 0 ? -1 : line.indexOf(' ', inet + 1) + 1;
      int to = from <= 0 ? -1 : end(line, from);
      if (to > from) {
        addresses.add(InetAddress.ofLiteral(line.substring(from, to)));
      }
    }
    return addresses;
  }

  private static int end(String line, int from) {
    int to = from;
    while (to < line.length() && line.charAt(to) != '/' && line.charAt(to) != ' ') {
      to++;
    }
    return to;
  }
}
