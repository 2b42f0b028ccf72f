package io.weftmesh.proxy.tcp;

/** What a client's first bytes say it speaks. */
public enum Protocol {
  /** A request line that ends in {@code HTTP/1.x}. */
  HTTP1,
  /** HTTP/2 with prior knowledge (RFC 9113, 3.3). */
  HTTP2,
  /** A TLS ClientHello. */
  TLS,
  /** Anything else: bytes. */
  OPAQUE
}
