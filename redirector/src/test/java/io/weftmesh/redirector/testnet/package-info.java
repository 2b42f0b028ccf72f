/** Namespaces, applications in them and processes beside them, for tests. */
@NullMarked
package io.weftmesh.redirector.testnet;

import org.jspecify.annotations.NullMarked;
