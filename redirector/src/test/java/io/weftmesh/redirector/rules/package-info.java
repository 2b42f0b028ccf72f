/** Tests of rules as text. */
@NullMarked
package io.weftmesh.redirector.rules;

import org.jspecify.annotations.NullMarked;
