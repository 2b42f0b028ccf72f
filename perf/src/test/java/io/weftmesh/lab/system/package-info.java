/**
 * Tests of the whole mesh: real processes in real namespaces. Each class has a lab of its own; what
 * a test needs beyond its class's pods it makes and takes away itself.
 */
@NullMarked
package io.weftmesh.lab.system;

import org.jspecify.annotations.NullMarked;
