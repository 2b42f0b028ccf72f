package io.weftmesh.proxy.telemetry;

import java.util.List;

/** The value of one series at a scrape. */
public record Reading(List<String> labelValues, double value) {
  public Reading {
    labelValues = List.copyOf(labelValues);
  }
}
