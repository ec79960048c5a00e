// Moments as people read them, before and after now.

import type { Bounds } from "./range.ts";
import { ago, clock, duration, moment } from "./units.ts";

export const DAY_MS = 86_400_000;
const YEAR_MS = 365.25 * DAY_MS;

const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** A moment of any year: 24 Nov 2026, 09:05:07. */
export function dated(ms: number): string {
  return `${date(ms)}, ${clock(ms)}`;
}

export function date(ms: number): string {
  return DATE.format(ms);
}

/** From when to when, as exactly as the length of the span deserves; a short one of this year without the year. */
export function span(from: number, to: number, nowMs: number): string {
  const year = yearOf(nowMs);
  return spanIn(yearOf(from) === year && yearOf(to) === year ? moment : dated, from, to);
}

/** The same for what may be of any year. */
export function datedSpan(from: number, to: number): string {
  return spanIn(dated, from, to);
}

const yearOf = (ms: number) => new Date(ms).getFullYear();

function spanIn(show: (ms: number) => string, from: number, to: number): string {
  if (to - from >= 3 * DAY_MS) return `${date(from)} – ${date(to)}`;
  return `${show(from)} – ${date(from) === date(to) ? clock(to) : show(to)}`;
}

/** The form in which a browser's own input takes local time. */
export function localText(ms: number): string {
  return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** A moment of a span, with its year where the span is long enough to leave a doubt. */
export function momentWithin({ from, to }: Bounds, ms: number): string {
  return to - from > YEAR_MS / 2 ? dated(ms) : moment(ms);
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
