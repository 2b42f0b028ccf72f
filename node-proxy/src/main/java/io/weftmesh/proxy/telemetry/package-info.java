/**
 * Metric handles. The only room that knows which metrics library stands behind them.
 *
 * <p>A metric is registered by the room that records it, in one small class of that room, once per
 * process. A handle is looked up when a connection or a route is set up and then kept: no labels
 * are looked up per request.
 */
@NullMarked
package io.weftmesh.proxy.telemetry;

import org.jspecify.annotations.NullMarked;
