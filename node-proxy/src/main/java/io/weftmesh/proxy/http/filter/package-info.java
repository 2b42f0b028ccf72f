/**
 * What routes do with a request and its answer on the way: changes of headers and paths, redirects,
 * and the answers that browsers ask for across origins. Pure functions of heads; whoever carries a
 * request decides when they are done.
 */
@NullMarked
package io.weftmesh.proxy.http.filter;

import org.jspecify.annotations.NullMarked;
