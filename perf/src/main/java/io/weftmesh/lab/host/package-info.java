/**
 * What the lab needs of Linux: namespaces, processes that outlive their starter, and their removal.
 */
@NullMarked
package io.weftmesh.lab.host;

import org.jspecify.annotations.NullMarked;
