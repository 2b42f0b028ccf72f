/** The command line behind perf/lab.sh. */
@NullMarked
package io.weftmesh.lab.cli;

import org.jspecify.annotations.NullMarked;
