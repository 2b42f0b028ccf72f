package io.weftmesh.proxy.capture;

import java.nio.file.Path;
import java.time.Duration;

/**
 * How pods are captured.
 *
 * @param redirector the redirector's Unix socket
 * @param generation names this process in the redirector's log
 * @param trustDomain the trust domain of the pods' identities
 * @param drainTimeout how long the connections of a pod that leaves the mesh may go on
 */
public record CaptureSettings(
    Path redirector, String generation, String trustDomain, Duration drainTimeout) {}
