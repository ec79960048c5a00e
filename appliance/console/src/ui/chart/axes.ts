// Axes that think in the unit: bytes in powers of 1024, ratios in percent, times of day on 24 hours.

import type uPlot from "uplot";
import { bytes, clock, day, formatter, month, round } from "../../model/units.ts";
import type { ChartColours } from "./palette.ts";

const FONT = '11px "Inter", system-ui, sans-serif';
const POWERS = [0, 1, 2, 3, 4, 5];
const BINARY_STEPS = POWERS.flatMap((power) =>
  [1, 2, 4, 8, 16, 32, 64, 128, 256, 512].map((n) => n * 1024 ** power),
);
const DAY_MS = 86_400_000;
const MOST_NAMES = 12;

const common = (colours: ChartColours): uPlot.Axis => ({
  font: FONT,
  stroke: colours.muted,
  grid: { stroke: colours.grid, width: 1 },
  ticks: { show: false },
});

export function timeAxis(colours: ChartColours): uPlot.Axis {
  return {
    ...common(colours),
    space: 76,
    gap: 6,
    size: 28,
    values: (_, times) => times.map((time, i) => timeLabel(time, times, i)),
  };
}

export function valueAxis(unit: string, colours: ChartColours): uPlot.Axis {
  return {
    ...common(colours),
    size: 64,
    gap: 8,
    space: 30,
    values: (_, values) => values.map((value) => axisLabel(unit, value)),
    ...(unit.startsWith("By") ? { incrs: BINARY_STEPS } : {}),
  };
}

/** Names beside bands, as many as there is room for. */
export function bandAxis(series: readonly { name: string }[], colours: ChartColours): uPlot.Axis {
  const step = Math.ceil(series.length / MOST_NAMES);
  const named = series.map((_, band) => band).filter((band) => band % step === 0);
  return {
    ...common(colours),
    size: 64,
    gap: 8,
    grid: { show: false },
    splits: named.map((band) => band + 0.5),
    values: () => named.map((band) => series[band]?.name ?? ""),
  };
}

/** As much of the time as tells neighbours apart: from seconds to years. */
export function timeLabel(time: number, times: readonly number[], index: number): string {
  const step = (times[1] ?? time) - (times[0] ?? time);
  if (step >= 360 * DAY_MS) return String(new Date(time).getFullYear());
  if (step >= 28 * DAY_MS) return month(time);
  const midnight = new Date(time).setHours(0, 0, 0, 0) === time;
  if (step >= DAY_MS || (midnight && index > 0)) return day(time);
  return clock(time).slice(0, step > 0 && step < 60_000 ? 8 : 5);
}

export function axisLabel(unit: string, value: number): string {
  if (unit === "ratio") return `${Number((value * 100).toFixed(1))}%`;
  if (unit.startsWith("By")) return bytes(value, unit === "By/s" ? "/s" : "").replace(/\.0+ /, " ");
  if (unit === "1" || unit.endsWith("/s")) return `${round(value)}${unit === "1" ? "" : "/s"}`;
  return formatter(unit)(value);
}

/** The scale's end: a little above the highest value, never so near to zero that noise fills the chart. */
export function scaleEnd(unit: string, highest: number): number {
  if (unit === "ratio") return Math.min(Math.max(highest * 1.15, 0.1), Math.max(1, highest));
  if (unit.startsWith("By")) return Math.max(highest * 1.15, 1024);
  return Math.max(highest * 1.15, 1);
}
