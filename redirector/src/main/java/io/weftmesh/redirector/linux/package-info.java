/**
 * The Linux system calls that the redirector and its client need, through {@code
 * java.lang.foreign}: descriptors, sockets, control messages and namespaces. Knows nothing of pods
 * or rules.
 */
@NullMarked
package io.weftmesh.redirector.linux;

import org.jspecify.annotations.NullMarked;
