/** Which pod address is which identity, and which pods are captured. */
@NullMarked
package io.weftmesh.ca.server.directory;

import org.jspecify.annotations.NullMarked;
