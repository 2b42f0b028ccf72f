/**
 * What the node proxy says of itself: metrics and health, on threads and ports apart from the data
 * plane, so that neither can hold up the other.
 */
@NullMarked
package io.weftmesh.proxy.admin;

import org.jspecify.annotations.NullMarked;
