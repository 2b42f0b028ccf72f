/**
 * The one internal route model, which everything that users write compiles to. Values and pure
 * decisions: it knows neither Kubernetes' object classes nor the network, so that a request, an
 * offline explanation and a test decide by the same code.
 */
@NullMarked
package io.weftmesh.policy.model;

import org.jspecify.annotations.NullMarked;
