package io.weftmesh.lab.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.Charset;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "demo", description = "Starts a mesh in a lab of its own and shows what it does.")
public final class DemoCommand implements Callable<Integer> {
  @Option(names = "--once", description = "Do not wait for a key between the chapters.")
  boolean once;

  @Override
  public Integer call() throws IOException {
    BufferedReader keys =
        new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset()));
    return Demo.run(new Narrator(System.out, keys, !once)) ? 0 : 1;
  }
}
