/**
 * Says what would become of a request, step by step, and why: the same snapshot is asked by the
 * same methods as for a request that comes over a connection. Nothing is counted, drawn or sent.
 */
@NullMarked
package io.weftmesh.proxy.admin.explain;

import org.jspecify.annotations.NullMarked;
