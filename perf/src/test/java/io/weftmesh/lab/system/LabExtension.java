package io.weftmesh.lab.system;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.host.LabProcess;
import io.weftmesh.lab.mesh.Mesh;
import io.weftmesh.lab.mesh.MeshSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Gives a test class its lab, and a failed test what the lab's processes printed. */
final class LabExtension
    implements BeforeAllCallback,
        ParameterResolver,
        AfterTestExecutionCallback,
        LifecycleMethodExecutionExceptionHandler {
  private static final Namespace NAMESPACE = Namespace.create(LabExtension.class);
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final int TAIL_BYTES = 6_000;
  private static final int NODES = 2;

  @Override
  public void beforeAll(ExtensionContext context) throws IOException {
    if ((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") != 0) {
      throw new IllegalStateException(
          "system tests make network namespaces and so need root: sudo perf/lab.sh test");
    }
    String name = "test-" + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();
    Lab lab = Lab.create(name, NODES);
    // The store closes it after the class.
    store(context).put(Lab.class, lab);
    MeshTest settings = context.getRequiredTestClass().getAnnotation(MeshTest.class);
    if (settings != null) {
      store(context).put(Mesh.class, install(lab, settings));
    }
  }

  private static Mesh install(Lab lab, MeshTest settings) {
    try {
      return Mesh.install(
          lab, MeshSettings.withLeafLifetime(Duration.ofSeconds(settings.leafLifetimeSeconds())));
    } catch (RuntimeException e) {
      e.addSuppressed(new ProcessLogs(lab));
      throw e;
    }
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return Set.of(Lab.class, Mesh.class).contains(parameter.getParameter().getType());
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return store(context).get(parameter.getParameter().getType());
  }

  @Override
  public void afterTestExecution(ExtensionContext context) {
    context.getExecutionException().ifPresent(error -> addLogs(error, context));
  }

  @Override
  public void handleBeforeAllMethodExecutionException(ExtensionContext context, Throwable error)
      throws Throwable {
    addLogs(error, context);
    throw error;
  }

  @Override
  public void handleBeforeEachMethodExecutionException(ExtensionContext context, Throwable error)
      throws Throwable {
    addLogs(error, context);
    throw error;
  }

  private static void addLogs(Throwable error, ExtensionContext context) {
    error.addSuppressed(new ProcessLogs(store(context).get(Lab.class, Lab.class)));
  }

  private static Store store(ExtensionContext context) {
    return context.getStore(NAMESPACE);
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
