package io.weftmesh.ca.server;

import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.server.node.ServiceAccount;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How the ca is run: checked, so that nothing of it can turn out wrong later.
 *
 * @param rootDir keys; the user's tls.crt and tls.key as well, if there are any
 * @param stateDir which pods are captured, and until when nodes hold leaves
 * @param control the socket for rotation; null for none
 * @param ownAddresses host names and IP addresses in the ca's own certificate
 */
record Settings(
    InetSocketAddress listen,
    InetSocketAddress admin,
    String trustDomain,
    Path rootDir,
    Path stateDir,
    Path manifests,
    Path jwks,
    Path bundleOut,
    @Nullable Path control,
    Duration leafLifetime,
    Duration rootLifetime,
    Set<ServiceAccount> allowedServiceAccounts,
    List<String> ownAddresses) {

  /** Less than the nodes need to renew in time, or more than a stolen key should be good for. */
  private static final Duration MIN_LEAF_LIFETIME = Duration.ofSeconds(10);

  private static final Duration MAX_LEAF_LIFETIME = Duration.ofHours(24);

  private static final Pattern DURATION = Pattern.compile("([1-9][0-9]{0,5})([smhd])");
  private static final Pattern ADDRESS = Pattern.compile("(\\[.+]|[^:]*):([0-9]{1,5})");
  private static final Pattern HOST =
      Pattern.compile("[a-zA-Z0-9]([a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?");

  static Settings parse(Options options) throws InvalidSettingException {
    Duration leafLifetime = duration("--leaf-lifetime", options.leafLifetime);
    if (leafLifetime.compareTo(MIN_LEAF_LIFETIME) < 0
        || leafLifetime.compareTo(MAX_LEAF_LIFETIME) > 0) {
      throw new InvalidSettingException(
          "--leaf-lifetime", options.leafLifetime, "expected 10s to 24h; 1h is a good choice");
    }
    Duration rootLifetime = duration("--root-lifetime", options.rootLifetime);
    if (rootLifetime.compareTo(leafLifetime.multipliedBy(2)) < 0) {
      throw new InvalidSettingException(
          "--root-lifetime",
          options.rootLifetime,
          "expected at least twice --leaf-lifetime " + options.leafLifetime + "; make it longer");
    }
    Set<ServiceAccount> allowed = new HashSet<>();
    for (String account : options.allowedServiceAccounts) {
      allowed.add(serviceAccount(account));
    }
    for (String address : options.ownAddresses) {
      requireHost(address);
    }
    return new Settings(
        address("--listen", options.listen),
        address("--admin", options.admin),
        trustDomain(options.trustDomain),
        writableFolder("--root-dir", options.rootDir),
        writableFolder("--state-dir", options.stateDir),
        readable("--manifests", options.manifests, Files.isDirectory(options.manifests)),
        readable("--jwks", options.jwks, Files.isRegularFile(options.jwks)),
        inFolder("--bundle-out", options.bundleOut),
        options.control == null ? null : inFolder("--control", options.control),
        leafLifetime,
        rootLifetime,
        allowed,
        List.copyOf(options.ownAddresses));
  }

  private static Duration duration(String option, String text) throws InvalidSettingException {
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      throw new InvalidSettingException(
          option, text, "expected a number and a unit, such as 20s, 30m, 1h or 365d");
    }
    long number = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "s" -> Duration.ofSeconds(number);
      case "m" -> Duration.ofMinutes(number);
      case "h" -> Duration.ofHours(number);
      default -> Duration.ofDays(number);
    };
  }

  /** A literal address: names are not resolved, so that what is listened on stands here. */
  private static InetSocketAddress address(String option, String text)
      throws InvalidSettingException {
    Matcher matcher = ADDRESS.matcher(text);
    try {
      if (matcher.matches()) {
        int port = Integer.parseInt(matcher.group(2));
        String host = matcher.group(1).isEmpty() ? "::" : matcher.group(1);
        return new InetSocketAddress(InetAddress.ofLiteral(host), port);
      }
    } catch (IllegalArgumentException e) {
      // Said below, with the address as it was given.
    }
    throw new InvalidSettingException(
        option, text, "expected an IP address and a port, such as 10.0.0.1:15012 or [::]:15012");
  }

  private static String trustDomain(String text) throws InvalidSettingException {
    try {
      return SpiffeId.ofTrustDomain(text).trustDomain();
    } catch (IllegalArgumentException e) {
      throw new InvalidSettingException(
          "--trust-domain", text, e.getMessage() + "; choose a name such as cluster.local");
    }
  }

  private static ServiceAccount serviceAccount(String text) throws InvalidSettingException {
    try {
      return ServiceAccount.parse(text);
    } catch (IllegalArgumentException e) {
      throw new InvalidSettingException(
          "--allow-service-account",
          text,
          "expected namespace/name, such as weft-system/weft-node-proxy");
    }
  }

  private static void requireHost(String text) throws InvalidSettingException {
    if (!HOST.matcher(text).matches() && !isAddress(text)) {
      throw new InvalidSettingException(
          "--own-address", text, "expected a host name or an IP address, without a port");
    }
  }

  private static boolean isAddress(String text) {
    try {
      return InetAddress.ofLiteral(text) != null;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static Path writableFolder(String option, Path folder) throws InvalidSettingException {
    try {
      if (!Files.isDirectory(folder)) {
        Files.createDirectories(
            folder,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
    } catch (IOException e) {
      throw new InvalidSettingException(option, folder, "can't be made (" + e + "); make it first");
    }
    if (!Files.isWritable(folder)) {
      throw new InvalidSettingException(
          option, folder, "can't be written to; give it to the user that the ca runs as");
    }
    return folder;
  }

  private static Path readable(String option, Path path, boolean rightKind)
      throws InvalidSettingException {
    if (!rightKind || !Files.isReadable(path)) {
      String kind = option.equals("--jwks") ? "file" : "folder";
      throw new InvalidSettingException(
          option, path, "expected a " + kind + " that can be read; check the path");
    }
    return path;
  }

  private static Path inFolder(String option, Path file) throws InvalidSettingException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || !Files.isWritable(folder) || Files.isDirectory(file)) {
      throw new InvalidSettingException(
          option,
          file,
          "expected a file in a folder that can be written to; make the folder first");
    }
    return file;
  }
}
