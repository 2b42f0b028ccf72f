/** The lab's network: an underlay, nodes and pods in namespaces, and a stand-in for kube-proxy. */
@NullMarked
package io.weftmesh.lab.network;

import org.jspecify.annotations.NullMarked;
