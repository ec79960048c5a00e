// Moments as people read them, before and after now.

import { ago, clock, duration } from "./units.ts";

export const DAY_MS = 86_400_000;
const YEAR_MS = 365.25 * DAY_MS;

const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** A moment of any year: 24 Nov 2026, 09:05:07. */
export function dated(ms: number): string {
  return `${DATE.format(ms)}, ${clock(ms)}`;
}

/** How far a moment is from now: `in 3d 2h`, `5m ago`. */
export function relative(ms: number, nowMs: number): string {
  return ms > nowMs ? `in ${coarse(ms - nowMs)}` : ago(nowMs - ms);
}

/** A span in one unit where a smaller one tells nothing: `9y`, `340d`, `3d 2h`. */
function coarse(ms: number): string {
  if (ms > 2 * YEAR_MS) return `${Math.floor(ms / YEAR_MS)}y`;
  const [first = "", second = ""] = duration(ms / 1000).split(" ");
  return parseInt(first, 10) >= 10 || second === "" ? first : `${first} ${second}`;
}
