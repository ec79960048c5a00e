import type uPlot from "uplot";
import type { Gap } from "../../api/types.ts";
import { stacked } from "../../model/charts.ts";
import type { Bounds } from "../../model/range.ts";
import { bandAxis, scaleEnd, timeAxis, valueAxis } from "./axes.ts";
import { paintHeat } from "./heat.ts";
import { drawGaps, drawMark, drawPin, type Mark } from "./overlays.ts";
import { type ChartColours, type ColouredSeries, chartColours, faded } from "./palette.ts";
import { tooltip } from "./tooltip.ts";

/** All that a chart shows; asked anew at each drawing, so that live data needs no new chart. */
export interface ChartView {
  t: readonly number[];
  series: readonly ColouredSeries[];
  unit: string;
  stack: boolean;
  bounds: Bounds;
  gaps: readonly Gap[];
  pinned: number | null;
  /** Bands of colour in place of lines. */
  heat?: boolean;
  mark?: Mark | undefined;
  /** The scale's end where the unit alone does not give it, such as all memory. */
  top?: number | undefined;
}

export interface ChartActions {
  zoom(bounds: Bounds): void;
  zoomOut(): void;
  pin(ms: number): void;
  /** The index under the cursor of any chart on the page, or null. */
  hover(index: number | null): void;
}

const CLICK_PIXELS = 4;

export function dataOf({ t, series, stack }: ChartView): uPlot.AlignedData {
  const columns = series.map(({ values }) => values);
  return [t as number[], ...(stack ? stacked(columns) : columns)] as uPlot.AlignedData;
}

export function optionsFor(
  view: () => ChartView,
  actions: ChartActions,
  size: { width: number; height: number },
): uPlot.Options {
  const colours = chartColours();
  const { series, unit, stack, heat = false } = view();
  return {
    ...size,
    ms: 1,
    // At the right there is room for half a time of day.
    padding: [10, 24, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: true, range: () => [view().bounds.from, view().bounds.to] },
      y: heat
        ? { range: [0, series.length], dir: -1 }
        : {
            range: (_, __, highest) => [
              0,
              Math.max(view().top ?? scaleEnd(unit, highest ?? 0), highest ?? 0),
            ],
          },
    },
    axes: [timeAxis(colours), heat ? bandAxis(series, colours) : valueAxis(unit, colours)],
    series: [{}, ...series.map((one) => (heat ? BAND : line(one, series.length, stack, colours)))],
    bands: stack ? series.slice(1).map((_, i) => ({ series: [i + 2, i + 1] as [number, number] })) : [],
    cursor: {
      sync: { key: "host", setSeries: false },
      points: { show: !stack && !heat && series.length <= 4, size: 7 },
      drag: { x: true, y: false, setScale: false },
      y: false,
    },
    plugins: [tooltip(view)],
    hooks: {
      drawAxes: [(u) => drawBelow(u, view(), colours)],
      draw: [(u) => drawAbove(u, view(), colours)],
      setSelect: [(u) => select(u, actions)],
      setCursor: [(u) => actions.hover(u.cursor.idx ?? null)],
      ready: [(u) => listen(u, actions)],
    },
  };
}

function line(
  { name, token }: ColouredSeries,
  many: number,
  stack: boolean,
  colours: ChartColours,
): uPlot.Series {
  const colour = colours.series(token);
  const faint = name === "free" || name === "idle";
  return {
    label: name,
    stroke: stack && faint ? "transparent" : colour,
    width: stack ? 1 : 1.5,
    points: { show: false },
    ...(stack
      ? { fill: faded(colour, faint ? 0.08 : 0.55) }
      : many <= 2
        ? { fill: faded(colour, 0.12) }
        : {}),
  };
}

/** A series that is there for the cursor; its band is painted for all at once. */
const BAND: uPlot.Series = { paths: () => null, points: { show: false } };

function drawBelow(u: uPlot, { heat, series, gaps }: ChartView, colours: ChartColours): void {
  if (heat) paintHeat(u, series, colours.heat);
  drawGaps(u, gaps, colours);
}

function drawAbove(u: uPlot, { mark, pinned }: ChartView, colours: ChartColours): void {
  if (mark) drawMark(u, mark, colours);
  if (pinned !== null) drawPin(u, pinned, colours);
}

function select(u: uPlot, actions: ChartActions): void {
  const { left, width } = u.select;
  if (width <= CLICK_PIXELS) return;
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  actions.zoom({ from: u.posToVal(left, "x"), to: u.posToVal(left + width, "x") });
}

/** A click pins the moment; it is told from a drag, and from half of a double click, by what follows it. */
function listen(u: uPlot, actions: ChartActions): void {
  let pressedAt = 0;
  u.over.addEventListener("mousedown", (event) => {
    pressedAt = event.clientX;
  });
  u.over.addEventListener("click", (event) => {
    const still = Math.abs(event.clientX - pressedAt) <= CLICK_PIXELS;
    if (still && event.detail === 1) actions.pin(Math.round(u.posToVal(event.offsetX, "x")));
  });
  u.over.addEventListener("dblclick", () => actions.zoomOut());
}
