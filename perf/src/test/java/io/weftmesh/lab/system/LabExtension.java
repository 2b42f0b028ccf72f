package io.weftmesh.lab.system;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.host.LabProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Gives a test class its lab, and a failed test what the lab's processes printed. */
final class LabExtension
    implements BeforeAllCallback, ParameterResolver, AfterTestExecutionCallback {
  private static final Namespace NAMESPACE = Namespace.create(LabExtension.class);
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final int TAIL_BYTES = 4_000;

  @Override
  public void beforeAll(ExtensionContext context) throws Exception {
    if ((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") != 0) {
      throw new IllegalStateException(
          "system tests make network namespaces and so need root: sudo perf/lab.sh test");
    }
    LabTest settings = context.getRequiredTestClass().getAnnotation(LabTest.class);
    String name = "test-%d-%d".formatted(ProcessHandle.current().pid(), COUNT.incrementAndGet());
    // The store closes it after the class.
    context.getStore(NAMESPACE).put(Lab.class, Lab.create(name, settings.nodes()));
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Lab.class;
  }

  @Override
  public Lab resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return lab(context);
  }

  @Override
  public void afterTestExecution(ExtensionContext context) {
    context
        .getExecutionException()
        .ifPresent(error -> error.addSuppressed(new ProcessLogs(lab(context))));
  }

  private static Lab lab(ExtensionContext context) {
    return context.getStore(NAMESPACE).get(Lab.class, Lab.class);
  }

  /** Carries the end of each process's log into the test report. */
  private static final class ProcessLogs extends Exception {
    private static final long serialVersionUID = 1;

    ProcessLogs(Lab lab) {
      super(tails(lab), null, false, false);
    }

    private static String tails(Lab lab) {
      StringBuilder text = new StringBuilder("what the lab's processes printed last:\n");
      for (LabProcess process : lab.launch().all()) {
        String tail = process.logTail(TAIL_BYTES);
        if (!tail.isBlank()) {
          text.append("\n== ").append(process).append('\n').append(tail);
        }
      }
      return text.toString();
    }
  }
}
