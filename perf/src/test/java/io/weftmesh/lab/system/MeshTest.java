package io.weftmesh.lab.system;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test class with a lab of its own in which Weft runs, for parameters of type {@link
 * io.weftmesh.lab.Lab} and {@link io.weftmesh.lab.mesh.Mesh}. Fails without root.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(LabExtension.class)
@interface MeshTest {
  /** How long the workloads' certificates are valid. */
  int leafLifetimeSeconds() default 3_600;
}
