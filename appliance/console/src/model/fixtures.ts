// Values for unit tests, with the interesting part as an argument.

import type { Fleet, FleetHost } from "../api/types.ts";

export const METRICS = ["cpu", "memory", "filesystem", "net_receive", "net_transmit"];

export function host(changes: Partial<FleetHost> = {}): FleetHost {
  const id = changes.id ?? "a";
  return {
    id,
    name: id,
    status: "up",
    last_seen: 1000,
    interval_ms: 2000,
    labels: {},
    tags: [],
    simulated: false,
    values: [0.5, 0.5, 0.5, 0, 0],
    spark: {},
    ...changes,
  };
}

export function fleetOf(hosts: readonly FleetHost[], now = 100_000): Fleet {
  return {
    now,
    epoch: 1,
    metrics: METRICS,
    hosts,
    spark_seconds: 10,
    spark_units: { cpu: 0.001 },
    ledger: { stored: 0, missing: 0, by_reason: {} },
    summary: { up: hosts.length, late: 0, down: 0, samples_per_second: 0 },
  };
}
