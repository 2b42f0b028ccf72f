package io.weftmesh.proxy.tunnel;

import static io.netty.channel.ChannelOption.ALLOW_HALF_CLOSURE;
import static io.netty.channel.ChannelOption.SO_LINGER;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import java.util.Map;

/** The options of a stream that is no socket: those of a socket that mean something here. */
final class StreamConfig extends DefaultChannelConfig {
  private final Runnable stopReading;
  private boolean allowHalfClosure = true;
  private int lingerSeconds = -1;

  /**
   * @param stopReading called when auto-read is switched off
   */
  StreamConfig(Channel stream, Runnable stopReading) {
    super(stream);
    this.stopReading = stopReading;
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
    stopReading.run();
  }
}
