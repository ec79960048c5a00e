// Colours of charts, read from the design tokens when a chart is drawn: a canvas knows no custom properties.

import type { ChartSeries } from "../../api/types.ts";
import type { HeatColours } from "./heat.ts";

/** Names that mean the same on every chart keep one colour. */
const MEANINGS: Readonly<Record<string, number>> = {
  user: 1,
  system: 2,
  nice: 6,
  iowait: 4,
  irq: 7,
  softirq: 5,
  steal: 3,
  idle: 8,
  used: 1,
  buffers: 2,
  cached: 3,
  free: 8,
  reserved: 8,
  read: 1,
  receive: 3,
  write: 2,
  transmit: 2,
  "1m": 1,
  "5m": 2,
  "15m": 8,
  running: 3,
  sleeping: 1,
  uninterruptible: 4,
  stopped: 7,
  defunct: 5,
};

const COLOURS = 8;

/** The token of a series' colour. */
export function colourToken(name: string, index: number): string {
  return `series-${MEANINGS[name] ?? (index % COLOURS) + 1}`;
}

/** A series with its colour, which it keeps while others beside it are hidden. */
export interface ColouredSeries extends ChartSeries {
  token: string;
}

export function coloured(series: readonly ChartSeries[]): ColouredSeries[] {
  return series.map((one, i) => ({ ...one, token: colourToken(one.name, i) }));
}

export interface ChartColours {
  grid: string;
  text: string;
  muted: string;
  hatch: string;
  accent: string;
  heat: HeatColours;
  series(token: string): string;
}

export function chartColours(): ChartColours {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    grid: token("grid"),
    text: token("text"),
    muted: token("muted"),
    hatch: token("hatch"),
    accent: token("accent"),
    heat: { stops: ["heat-1", "heat-2", "heat-3"].map(token), between: token("surface") },
    series: token,
  };
}

/** A token's colour with an alpha; tokens are written as #rrggbb. */
export function faded(colour: string, alpha: number): string {
  return `${colour}${Math.round(alpha * 255)
    .toString(16)
    .padStart(2, "0")}`;
}
