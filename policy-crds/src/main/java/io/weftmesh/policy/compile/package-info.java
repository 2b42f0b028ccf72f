/**
 * From what users wrote to the route model. Everything is checked here once more, whoever may have
 * checked it before, since an object may come from a file that no API server has seen. What cannot
 * be honoured is a {@link Problem} and a closed door: 500 for that share of the traffic, STRICT for
 * those pods; never the same as if nothing had been written.
 */
@NullMarked
package io.weftmesh.policy.compile;

import org.jspecify.annotations.NullMarked;
