/**
 * The lab's Kubernetes: manifests in a folder, and what the cluster's controllers would fill in.
 */
@NullMarked
package io.weftmesh.lab.cluster;

import org.jspecify.annotations.NullMarked;
