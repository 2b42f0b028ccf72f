/** The process: its settings, how its rooms are wired, and how it starts and ends. */
@NullMarked
package io.weftmesh.proxy.main;

import org.jspecify.annotations.NullMarked;
