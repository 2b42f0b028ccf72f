/** Keys, certificates and signing requests. Knows no network and no Kubernetes. */
@NullMarked
package io.weftmesh.ca.server.signing;

import org.jspecify.annotations.NullMarked;
