/**
 * The objects of {@code policy.weftmesh.io/v1alpha1}, as users write them. Their CRDs are generated
 * from these classes; the descriptions here are what {@code kubectl explain} prints.
 *
 * <p>The records hold what was written, and null where nothing was: they check nothing, since an
 * object may come from a file that no API server has seen. The compile package checks.
 */
@NullMarked
package io.weftmesh.policy.v1alpha1;

import org.jspecify.annotations.NullMarked;
