// What is drawn besides the lines: gaps in the data with their reason, and the pinned moment.

import type uPlot from "uplot";
import type { Gap } from "../../api/types.ts";
import type { ChartColours } from "./palette.ts";

const HATCH = 7;

/** Shade the times for which there is no data, and say why where there is room. */
export function drawGaps(u: uPlot, gaps: readonly Gap[], colours: ChartColours): void {
  const { ctx, bbox } = u;
  for (const gap of gaps) {
    const left = Math.max(bbox.left, u.valToPos(gap.from, "x", true));
    const right = Math.min(bbox.left + bbox.width, u.valToPos(gap.to, "x", true));
    if (right - left < 1) continue;
    // Bands of colour reach half the way into a gap, and a part of a pixel beyond the plot.
    ctx.clearRect(left, bbox.top - 1, right - left, bbox.height + 2);
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, bbox.top, right - left, bbox.height);
    ctx.clip();
    hatch(ctx, left, right, bbox, colours.hatch);
    label(ctx, gap.reason, left, right, bbox, colours.muted);
    ctx.restore();
  }
}

type Box = uPlot.BBox;

function hatch(ctx: CanvasRenderingContext2D, left: number, right: number, box: Box, colour: string): void {
  const step = HATCH * devicePixelRatio;
  ctx.strokeStyle = colour;
  ctx.globalAlpha = 0.8;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  // Lines stand on multiples of the step, so that they do not crawl while the chart moves on.
  for (let x = Math.floor((left - box.height) / step) * step; x < right; x += step) {
    ctx.moveTo(x, box.top + box.height);
    ctx.lineTo(x + box.height, box.top);
  }
  ctx.stroke();
}

function label(
  ctx: CanvasRenderingContext2D,
  reason: string,
  left: number,
  right: number,
  box: Box,
  colour: string,
): void {
  const text = reason.replaceAll("_", " ");
  ctx.globalAlpha = 1;
  ctx.fillStyle = colour;
  ctx.font = labelFont();
  ctx.textAlign = "center";
  if (ctx.measureText(text).width + 12 < right - left)
    ctx.fillText(text, (left + right) / 2, box.top + 16 * devicePixelRatio);
}

/** A level that values are compared with; it is drawn only where the scale reaches it. */
export interface Mark {
  value: number;
  words: string;
}

export function drawMark(u: uPlot, { value, words }: Mark, colours: ChartColours): void {
  const { ctx, bbox } = u;
  const y = Math.round(u.valToPos(value, "y", true));
  if (y < bbox.top) return;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colours.muted;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.font = labelFont();
  ctx.textAlign = "right";
  ctx.fillText(words, bbox.left + bbox.width - 4, y - 5 * devicePixelRatio);
  ctx.restore();
}

const labelFont = () => `500 ${11 * devicePixelRatio}px "Inter", system-ui, sans-serif`;

export function drawPin(u: uPlot, ms: number, colours: ChartColours): void {
  const { ctx, bbox } = u;
  const x = Math.round(u.valToPos(ms, "x", true));
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  ctx.save();
  ctx.strokeStyle = colours.accent;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}
