/**
 * A folder of ordinary Kubernetes YAML as a source of objects: what makes the mesh run on one
 * machine with no cluster. Knows files, YAML and the classes of objects; not what the objects mean.
 */
@NullMarked
package io.weftmesh.policy.manifest;

import org.jspecify.annotations.NullMarked;
