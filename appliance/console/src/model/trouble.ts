// What is wrong, where, and since when: hosts that fell silent, and hosts that have come close to a limit.

import type { FleetHost, Value } from "../api/types.ts";
import { percent } from "./units.ts";

export interface Trouble {
  host: FleetHost;
  kind: "down" | "late" | "full";
  words: string;
  /** Null where the fleet's ten minutes of history do not tell. */
  sinceMs: number | null;
}

/** What hosts are judged by. */
export interface Yardstick {
  metrics: readonly string[];
  nowMs: number;
  /** How long a slot of a sparkline is. */
  slotMs: number;
}

const LIMIT = 0.9;
/** A full disk is trouble at once; a processor is there to be used, and only in the long run too small. */
const WATCHED = [
  { metric: "filesystem", words: "disk", leastSlots: 0 },
  { metric: "memory", words: "memory", leastSlots: 0 },
  { metric: "cpu", words: "CPU", leastSlots: 6 },
] as const;
const ORDER: readonly Trouble["kind"][] = ["down", "late", "full"];

/** All that is wrong with the hosts: the silent first, and of them those that fell silent last. */
export function troubles(hosts: readonly FleetHost[], yardstick: Yardstick): Trouble[] {
  return hosts
    .flatMap((host) => troublesOf(host, yardstick))
    .sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || (b.sinceMs ?? 0) - (a.sinceMs ?? 0));
}

export function troublesOf(host: FleetHost, { metrics, nowMs, slotMs }: Yardstick): Trouble[] {
  if (host.status !== "up") return [{ host, kind: host.status, words: host.status, sinceMs: host.last_seen }];
  return WATCHED.flatMap(({ metric, words, leastSlots }) => {
    const value = host.values[metrics.indexOf(metric)] ?? null;
    if (value === null || value < LIMIT) return [];
    const { slots, begun } = atLimit(host.spark[metric] ?? []);
    if (slots < leastSlots) return [];
    const sinceMs = begun ? nowMs - slots * slotMs : null;
    return [{ host, kind: "full" as const, words: `${words} ${percent(value)}`, sinceMs }];
  });
}

/** For how many slots the limit has been reached, and whether it is known that it was not before. */
function atLimit(points: readonly Value[]): { slots: number; begun: boolean } {
  // A slot without a tick tells nothing; the newest is one until the host's next tick.
  const below = points.findLastIndex((value) => value !== null && value < LIMIT);
  const first = points.findIndex((value, i) => i > below && value !== null);
  return first < 0 ? { slots: 0, begun: false } : { slots: points.length - first, begun: below >= 0 };
}

export interface Closest {
  host: FleetHost;
  words: string;
  ratio: number;
}

/** The host that is nearest to a limit, whether or not that is near. */
export function closestToLimit(hosts: readonly FleetHost[], metrics: readonly string[]): Closest | null {
  let closest: Closest | null = null;
  for (const { metric, words } of WATCHED) {
    const index = metrics.indexOf(metric);
    for (const host of hosts) {
      const ratio = host.status === "down" ? null : (host.values[index] ?? null);
      if (ratio !== null && ratio > (closest?.ratio ?? -1)) closest = { host, words, ratio };
    }
  }
  return closest;
}
