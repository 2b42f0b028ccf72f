package io.weftmesh.proxy.main;

import picocli.CommandLine.IVersionProvider;

/** The version that the build wrote into the jar. */
final class Version implements IVersionProvider {
  @Override
  public String[] getVersion() {
    return new String[] {current()};
  }

  /** The jar's version; {@code unreleased} when the classes don't come from one. */
  static String current() {
    String version = Version.class.getPackage().getImplementationVersion();
    return version == null ? "unreleased" : version;
  }
}
