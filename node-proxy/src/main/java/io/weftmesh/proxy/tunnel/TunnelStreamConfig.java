package io.weftmesh.proxy.tunnel;

import static io.netty.channel.ChannelOption.ALLOW_HALF_CLOSURE;
import static io.netty.channel.ChannelOption.SO_LINGER;

import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import java.util.Map;

/** A stream's options: those of a socket that mean something here. */
final class TunnelStreamConfig extends DefaultChannelConfig {
  private final TunnelStream stream;
  private boolean allowHalfClosure = true;
  private int lingerSeconds = -1;

  TunnelStreamConfig(TunnelStream stream) {
    super(stream);
    this.stream = stream;
  }

  boolean allowsHalfClosure() {
    return allowHalfClosure;
  }

  /** As with a socket: linger for no time at all, and a close is a reset. */
  boolean resetsOnClose() {
    return lingerSeconds == 0;
  }

  @Override
  public Map<ChannelOption<?>, Object> getOptions() {
    return getOptions(super.getOptions(), ALLOW_HALF_CLOSURE, SO_LINGER);
  }

  @SuppressWarnings("unchecked")
  @Override
  public <T> T getOption(ChannelOption<T> option) {
    if (ALLOW_HALF_CLOSURE.equals(option)) {
      return (T) Boolean.valueOf(allowHalfClosure);
    }
    if (SO_LINGER.equals(option)) {
      return (T) Integer.valueOf(lingerSeconds);
    }
    return super.getOption(option);
  }

  @Override
  public <T> boolean setOption(ChannelOption<T> option, T value) {
    validate(option, value);
    if (ALLOW_HALF_CLOSURE.equals(option)) {
      allowHalfClosure = (Boolean) value;
    } else if (SO_LINGER.equals(option)) {
      lingerSeconds = (Integer) value;
    } else {
      return super.setOption(option, value);
    }
    return true;
  }

  @Override
  protected void autoReadCleared() {
    stream.stopReading();
  }
}
