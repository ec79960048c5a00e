// The time range of a page, as it stands in the address: `last=1h`, or `from=…&to=…` in Unix milliseconds.

import { DAY_MS } from "./times.ts";

export type Range = { kind: "last"; seconds: number } | { kind: "fixed"; from: number; to: number };

export interface Bounds {
  from: number;
  to: number;
}

export const PRESETS: readonly { name: string; seconds: number; words: string }[] = [
  { name: "5m", seconds: 300, words: "5 minutes" },
  { name: "15m", seconds: 900, words: "15 minutes" },
  { name: "1h", seconds: 3600, words: "1 hour" },
  { name: "6h", seconds: 21_600, words: "6 hours" },
  { name: "24h", seconds: 86_400, words: "24 hours" },
  { name: "7d", seconds: 604_800, words: "7 days" },
  { name: "30d", seconds: 30 * 86_400, words: "30 days" },
  { name: "90d", seconds: 90 * 86_400, words: "90 days" },
  { name: "1y", seconds: 365 * 86_400, words: "year" },
];

export const DEFAULT_RANGE: Range = { kind: "last", seconds: 900 };

const SHORTEST_MS = 10_000;
/** A host that has just been seen for the first time is shown over a minute, however young it is. */
const LEAST_SHOWN_MS = 60_000;
/** As far back as the API answers. */
const LONGEST_MS = 3653 * DAY_MS;
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, y: 365 * 86_400 };

/** Read the range of a query; what can't be understood becomes the default. */
export function parseRange(query: URLSearchParams): Range {
  const from = Number(query.get("from"));
  const to = Number(query.get("to"));
  if (from > 0 && to > from) return { kind: "fixed", from, to };
  const [, amount, unit] = /^(\d{1,4})([smhdy])$/.exec(query.get("last") ?? "") ?? [];
  const seconds = Number(amount) * (UNITS[unit ?? ""] ?? 0);
  return seconds > 0 && seconds * 1000 <= LONGEST_MS ? { kind: "last", seconds } : DEFAULT_RANGE;
}

export function rangeQuery(range: Range): Record<string, string> {
  if (range.kind === "fixed")
    return { from: String(Math.round(range.from)), to: String(Math.round(range.to)) };
  const [unit, size] = Object.entries(UNITS).findLast(([, size]) => range.seconds % size === 0) ?? ["s", 1];
  const preset = PRESETS.find(({ seconds }) => seconds === range.seconds);
  return { last: preset?.name ?? `${range.seconds / size}${unit}` };
}

/** The times that a range shows. One that ends now does not reach back before `sinceMs`, where nothing was measured yet. */
export function boundsOf(range: Range, nowMs: number, sinceMs = 0): Bounds {
  if (range.kind === "fixed") return range;
  const from = nowMs - range.seconds * 1000;
  return { from: Math.max(from, Math.min(sinceMs, nowMs - LEAST_SHOWN_MS)), to: nowMs };
}

/** A range dragged out on a chart, never so short that it shows nothing. */
export function zoomed({ from, to }: Bounds): Range {
  const middle = (from + to) / 2;
  const half = Math.max(to - from, SHORTEST_MS) / 2;
  return { kind: "fixed", from: Math.round(middle - half), to: Math.round(middle + half) };
}

/** A quarter of the range around a moment. */
export function zoomedIn({ from, to }: Bounds, ms: number): Range {
  const half = (to - from) / 8;
  return zoomed({ from: ms - half, to: ms + half });
}

/** Twice the range around the same middle; it stops at the present. */
export function zoomedOut(range: Range, nowMs: number): Range {
  if (range.kind === "last") {
    const longer = PRESETS.find(({ seconds }) => seconds > range.seconds);
    return longer ? { kind: "last", seconds: longer.seconds } : range;
  }
  const length = Math.min(2 * (range.to - range.from), LONGEST_MS);
  const to = Math.min(nowMs, (range.from + range.to + length) / 2);
  return { kind: "fixed", from: Math.round(to - length), to: Math.round(to) };
}
