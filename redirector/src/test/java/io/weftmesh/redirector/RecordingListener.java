package io.weftmesh.redirector;

import io.weftmesh.redirector.lease.RedirectorListener;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Keeps what it was told. */
final class RecordingListener implements RedirectorListener {
  final List<String> events = new CopyOnWriteArrayList<>();

  @Override
  public void podAbandoned(String podUid) {
    events.add("abandoned " + podUid);
  }

  @Override
  public void rulesRepaired(String podUid, String detail) {
    events.add("repaired " + podUid + " " + detail);
  }

  @Override
  public void connectionLost(Throwable cause) {
    events.add("lost");
  }
}
