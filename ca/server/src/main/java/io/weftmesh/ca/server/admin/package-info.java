/** Health and metrics over plain HTTP. */
@NullMarked
package io.weftmesh.ca.server.admin;

import org.jspecify.annotations.NullMarked;
