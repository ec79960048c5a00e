// Many series of one ratio as bands of colour, the first at the top: lines of thirty processors are a knot.

import type uPlot from "uplot";
import type { ChartSeries, Value } from "../../api/types.ts";

const SHADES = 256;
/** Bands at least so high, in pixels, are told apart by a line between them. */
const ROOMY = 6;

export interface HeatColours {
  /** From nothing to all, as #rrggbb. */
  stops: readonly string[];
  between: string;
}

/** Paint a band for each series over the chart's plot. */
export function paintHeat(u: uPlot, series: readonly ChartSeries[], colours: HeatColours): void {
  const { ctx } = u;
  const { left, top, height } = u.bbox;
  // Where the screen has fractions of pixels, the plot's box has halves.
  const width = Math.floor(u.bbox.width);
  if (series.length === 0 || width < 1) return;
  const image = new ImageData(width, series.length);
  const pixels = new Uint32Array(image.data.buffer);
  const shades = ramp(colours.stops);
  const spans = spansOf(u.data[0], (ms) => Math.round(u.valToPos(ms, "x", true) - left), width);
  series.forEach(({ values }, row) => {
    const levels = levelsOf(values, spans, width);
    levels.forEach((level, x) => {
      if (level >= 0) pixels[row * width + x] = shades[level] ?? 0;
    });
  });
  const bands = new OffscreenCanvas(width, series.length);
  bands.getContext("2d")?.putImageData(image, 0, 0);
  ctx.save();
  ctx.imageSmoothingEnabled = false;
  ctx.drawImage(bands, left, top, width, height);
  const band = height / series.length;
  ctx.fillStyle = colours.between;
  if (band >= ROOMY * devicePixelRatio)
    for (let row = 1; row < series.length; row += 1)
      ctx.fillRect(left, top + row * band, width, devicePixelRatio);
  ctx.restore();
}

type Span = readonly [from: number, to: number];

/** The pixels that each moment stands for: half the way to its neighbours. */
export function spansOf(times: ArrayLike<number>, pixelOf: (ms: number) => number, width: number): Span[] {
  const clamped = (x: number) => Math.max(0, Math.min(width, x));
  return Array.from(times, (time, i) => {
    const before = times[i - 1] ?? 2 * time - (times[i + 1] ?? time);
    const after = times[i + 1] ?? 2 * time - (times[i - 1] ?? time);
    return [clamped(pixelOf((before + time) / 2)), clamped(pixelOf((time + after) / 2))];
  });
}

/** A shade for each pixel, -1 where there is no value; of several values on one pixel the highest stays. */
export function levelsOf(values: readonly Value[], spans: readonly Span[], width: number): Int16Array {
  const levels = new Int16Array(width).fill(-1);
  spans.forEach(([from, to], i) => {
    const value = values[i] ?? null;
    if (value === null) return;
    const level = Math.round(Math.max(0, Math.min(1, value)) * (SHADES - 1));
    const end = Math.max(to, from + 1);
    for (let x = from; x < end && x < width; x += 1) levels[x] = Math.max(levels[x] ?? -1, level);
  });
  return levels;
}

/** Shades between the stops, as pixels of an image. */
function ramp(stops: readonly string[]): Uint32Array {
  const colours = stops.map((stop) => [1, 3, 5].map((at) => Number.parseInt(stop.slice(at, at + 2), 16)));
  const bytes = new Uint8ClampedArray(SHADES * 4);
  for (let shade = 0; shade < SHADES; shade += 1) {
    const place = (shade / (SHADES - 1)) * (stops.length - 1);
    const lower = Math.min(Math.floor(place), stops.length - 2);
    const mixed = [0, 1, 2].map((channel) => {
      const [a, b] = [colours[lower]?.[channel] ?? 0, colours[lower + 1]?.[channel] ?? 0];
      return a + (b - a) * (place - lower);
    });
    bytes.set([...mixed, 255], shade * 4);
  }
  return new Uint32Array(bytes.buffer);
}
