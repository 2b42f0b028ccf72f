/** Tests of the manifest folder. */
@NullMarked
package io.weftmesh.policy.manifest;

import org.jspecify.annotations.NullMarked;
