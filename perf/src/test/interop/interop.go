//go:build tools

// Package interop pins gRPC's own interop programs and what they are built of.
package interop

import (
	_ "google.golang.org/grpc/interop/client"
	_ "google.golang.org/grpc/interop/server"
)
