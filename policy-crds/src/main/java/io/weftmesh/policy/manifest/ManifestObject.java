package io.weftmesh.policy.manifest;

import java.nio.file.Path;

/**
 * One object of a manifest folder, reduced to what its reader wants of it.
 *
 * @param line where the object begins in its file, from 1
 */
public record ManifestObject<T>(ObjectKey key, Path file, int line, T value) {}
