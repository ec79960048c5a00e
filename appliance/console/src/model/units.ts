// Numbers as people read them. Every formatter takes null for "this host has no such value".

export const MISSING = "–";

const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const DECIMAL = ["", "k", "M", "G", "T"];

/** A number with about three significant digits: 0.123, 1.23, 12.3, 123. */
function digits(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return "0";
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 2 : 3);
}

function scaled(value: number, base: number, prefixes: readonly string[]): [string, string] {
  let power = 0;
  let rest = Math.abs(value);
  while (rest >= base && power < prefixes.length - 1) {
    rest /= base;
    power += 1;
  }
  return [digits(Math.sign(value) * rest), prefixes[power] ?? ""];
}

export function bytes(value: number | null, suffix = ""): string {
  if (value === null) return MISSING;
  if (Math.abs(value) < 1024) return `${Math.round(value)} B${suffix}`;
  return `${scaled(value, 1024, BINARY).join(" ")}${suffix}`;
}

export function percent(ratio: number | null): string {
  if (ratio === null) return MISSING;
  const value = ratio * 100;
  return `${value >= 9.95 || value < 0.05 ? Math.round(value) : value.toFixed(1)}%`;
}

/** A whole number in full, with its thousands apart. */
export function whole(value: number): string {
  return value.toLocaleString("en-US");
}

export function count(value: number | null): string {
  if (value === null) return MISSING;
  if (Number.isInteger(value) && Math.abs(value) < 10_000) return String(value);
  return scaled(value, 1000, DECIMAL).join("");
}

/** A round number as axes have them, without zeros at its end: 0.5, 7.5k, 20k. */
export function round(value: number): string {
  const power = value >= 1e9 ? 3 : value >= 1e6 ? 2 : value >= 1e3 ? 1 : 0;
  return `${Number((value / 1000 ** power).toPrecision(3))}${DECIMAL[power]}`;
}

export function celsius(value: number | null): string {
  return value === null ? MISSING : `${Math.round(value)} °C`;
}

const SPANS: readonly [number, string][] = [
  [86_400, "d"],
  [3600, "h"],
  [60, "m"],
  [1, "s"],
];

/** A duration in its two largest units: `12d 4h`, `3m 20s`. */
export function duration(seconds: number | null): string {
  if (seconds === null) return MISSING;
  let rest = Math.max(0, Math.round(seconds));
  const first = SPANS.findIndex(([size]) => rest >= size);
  if (first < 0) return "0s";
  const parts: string[] = [];
  for (const [size, name] of SPANS.slice(first, first + 2)) {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    if (amount > 0) parts.push(`${amount}${name}`);
  }
  return parts.join(" ");
}

/** How long ago, in one unit, so that a column of them can be scanned. */
export function ago(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 2) return "now";
  const [size, name] = SPANS.find(([limit]) => seconds >= limit) ?? [1, "s"];
  return `${Math.floor(seconds / size)}${name} ago`;
}

const FORMATTERS: Readonly<Record<string, (value: number | null) => string>> = {
  ratio: percent,
  "1": count,
  By: (value) => bytes(value),
  "By/s": (value) => bytes(value, "/s"),
  "1/s": (value) => (value === null ? MISSING : `${count(value)}/s`),
  s: duration,
  Cel: celsius,
};

/** The formatter of a unit as the API names it; plain numbers for units it does not know. */
export function formatter(unit: string): (value: number | null) => string {
  const known = FORMATTERS[unit];
  if (known) return known;
  if (unit.endsWith("/s")) return (value) => (value === null ? MISSING : `${count(value)}/s`);
  return count;
}

const pad = (value: number) => String(value).padStart(2, "0");

/** Local time of day, always of one width: 09:05:07. */
export function clock(ms: number): string {
  const date = new Date(ms);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

export function day(ms: number): string {
  return DAY.format(ms);
}

const MONTH = new Intl.DateTimeFormat("en-GB", { month: "short", year: "numeric" });

export function month(ms: number): string {
  return MONTH.format(ms);
}

export function moment(ms: number): string {
  return `${day(ms)}, ${clock(ms)}`;
}
