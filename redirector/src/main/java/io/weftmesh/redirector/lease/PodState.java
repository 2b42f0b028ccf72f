package io.weftmesh.redirector.lease;

import org.jspecify.annotations.Nullable;

/**
 * What the redirector knows of a pod.
 *
 * @param listeners the caller's own descriptors of the pod's listeners, if it asked for them
 */
public record PodState(PodRef pod, CaptureState state, @Nullable Listeners listeners) {}
