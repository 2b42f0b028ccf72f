package io.weftmesh.policy.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProtocolTest {
  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          ,                  http,      HTTP
          ,                  http-alt,  HTTP
          ,                  http2-x,   HTTP2
          ,                  grpc,      GRPC
          ,                  grpc-web,  GRPC
          ,                  https-x,   TLS
          ,                  tcp-db,    TCP
          ,                  tls,       TLS
          ,                  '',        AUTO
          ,                  web,       AUTO
          ,                  httpbin,   AUTO
          http,              tcp-x,     HTTP
          HTTP,              '',        HTTP
          https,             '',        TLS
          kubernetes.io/h2c, http,      HTTP2
          kubernetes.io/ws,  '',        HTTP
          kubernetes.io/wss, '',        TLS
          grpc,              '',        GRPC
          tcp,               http,      TCP
          example.com/mine,  http,      AUTO
          """)
  void isDeclaredByAppProtocolThenByTheNamesPrefix(
      @Nullable String appProtocol, String portName, Protocol expected) {
    assertThat(Protocol.declared(appProtocol, portName)).isEqualTo(expected);
  }
}
