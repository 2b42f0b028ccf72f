@NullMarked
package io.weftmesh.proxy.http.filter;

import org.jspecify.annotations.NullMarked;
