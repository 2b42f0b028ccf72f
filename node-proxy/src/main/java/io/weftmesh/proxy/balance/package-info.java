/**
 * Endpoints and the choice between them: load, limits and budgets. Pure: no Netty, no I/O, and time
 * only through an injected nanosecond ticker, so that a test runs minutes of traffic in no time.
 */
@NullMarked
package io.weftmesh.proxy.balance;

import org.jspecify.annotations.NullMarked;
