/**
 * Bytes without meaning: finding out whether a connection speaks HTTP, and relaying one that does
 * not. Knows nothing of pods, services or identities.
 */
@NullMarked
package io.weftmesh.proxy.tcp;

import org.jspecify.annotations.NullMarked;
