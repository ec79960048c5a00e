// Arithmetic on the points of charts: columns that share one list of times, with null where there is no value.

import type { ChartData, ChartSeries, Charts, Gap, TicksEvent, Value } from "../api/types.ts";
import type { Bounds } from "./range.ts";

/** Ticks further apart than this many intervals have a gap between them. */
const GAP_INTERVALS = 3;

/** Add the points of new ticks to the end, and forget those before `fromMs`. Ticks that are already there are kept as they are. */
export function appended(charts: Charts, event: TicksEvent, fromMs: number): Charts {
  const last = charts.t.at(-1) ?? Number.NEGATIVE_INFINITY;
  const fresh = event.t.findIndex((time) => time > last);
  const added = fresh < 0 ? [] : event.t.slice(fresh);
  const first = firstAtOrAfter(charts.t, fromMs);
  const kept = charts.t.length - first;
  const merge = (old: ChartData | undefined, more: ChartData | undefined): ChartData => ({
    unit: old?.unit ?? more?.unit ?? "",
    series: namesOf(old, more).map((name) => ({
      name,
      values: [
        ...padded(seriesNamed(old, name)?.values.slice(first), kept),
        ...padded(seriesNamed(more, name)?.values.slice(event.t.length - added.length), added.length),
      ],
    })),
  });
  const names = new Set([...Object.keys(charts.charts), ...Object.keys(event.charts)]);
  return {
    level: charts.level,
    t: [...charts.t.slice(first), ...added],
    charts: Object.fromEntries(
      [...names].map((name) => [name, merge(charts.charts[name], event.charts[name])]),
    ),
    gaps: charts.gaps.filter((gap) => gap.to >= fromMs),
  };
}

/** Whether no chart has a value to be shown. */
export function isEmpty({ charts }: Charts): boolean {
  return Object.values(charts).every(({ series }) =>
    series.every(({ values }) => values.every((value) => value === null)),
  );
}

/** Whether ticks go on where the charts end. Where they do not, only the server knows what lies between. */
export function goesOn(charts: Charts, event: TicksEvent, intervalMs: number): boolean {
  const [last, next] = [charts.t.at(-1), event.t[0]];
  return last === undefined || next === undefined || next - last <= GAP_INTERVALS * intervalMs;
}

function firstAtOrAfter(times: readonly number[], fromMs: number): number {
  const index = times.findIndex((time) => time >= fromMs);
  return index < 0 ? times.length : index;
}

function namesOf(...charts: (ChartData | undefined)[]): string[] {
  return [...new Set(charts.flatMap((chart) => chart?.series.map(({ name }) => name) ?? []))];
}

function seriesNamed(chart: ChartData | undefined, name: string): ChartSeries | undefined {
  return chart?.series.find((series) => series.name === name);
}

const padded = (values: readonly Value[] | undefined, length: number): Value[] =>
  values?.slice() ?? Array<Value>(length).fill(null);

/** Running sums from the first series upwards, for stacked areas; a moment at which no series has a value stays empty. */
export function stacked(columns: readonly (readonly Value[])[]): Value[][] {
  let below: readonly Value[] = [];
  return columns.map((column) => {
    const sums = column.map((value, i) => (value === null ? (below[i] ?? null) : value + (below[i] ?? 0)));
    below = sums;
    return sums;
  });
}

/** The sum over series at each time; null where none has a value. */
export function total(series: readonly ChartSeries[]): Value[] {
  return stacked(series.map(({ values }) => values)).at(-1) ?? [];
}

/** A value over time, with times of its own. */
export interface Line {
  t: readonly number[];
  values: readonly Value[];
}

/** Put lines with different times on one grid: the mean of each cell, null where a line has no point in it. */
export function aligned(
  lines: readonly Line[],
  { from, to }: Bounds,
  cells: number,
): { t: number[]; columns: Value[][] } {
  // Two typical steps wide, so that an unpunctual point does not leave a hole.
  const step = Math.max((to - from) / cells, ...lines.map(({ t }) => 2 * typicalStep(t)));
  const length = Math.ceil((to - from) / step);
  const t = Array.from({ length }, (_, cell) => Math.round(from + (cell + 0.5) * step));
  return { t, columns: lines.map((line) => cellMeans(line, from, step, length)) };
}

function cellMeans({ t, values }: Line, from: number, step: number, length: number): Value[] {
  const sums = Array<number>(length).fill(0);
  const counts = Array<number>(length).fill(0);
  t.forEach((time, i) => {
    const cell = Math.floor((time - from) / step);
    const value = values[i] ?? null;
    if (value === null || cell < 0 || cell >= length) return;
    sums[cell] = (sums[cell] ?? 0) + value;
    counts[cell] = (counts[cell] ?? 0) + 1;
  });
  return sums.map((sum, cell) => (counts[cell] ? sum / (counts[cell] ?? 1) : null));
}

/** The median distance between neighbours; gaps do not count for more than one. */
function typicalStep(t: readonly number[]): number {
  const steps = t.slice(1).map((time, i) => time - (t[i] ?? time));
  return steps.sort((a, b) => a - b)[steps.length >> 1] ?? 0;
}

/** Whether a series has shown nothing but zero. */
export function isQuiet({ values }: ChartSeries): boolean {
  return values.every((value) => !value);
}

/** The series worth drawing: of many, those that are not always zero, but always one at least. */
export function withoutQuiet(series: readonly ChartSeries[], many = 4): readonly ChartSeries[] {
  if (series.length <= many) return series;
  const busy = series.filter((one) => !isQuiet(one));
  return busy.length > 0 ? busy : series.slice(0, 1);
}

export interface Statistics {
  last: Value;
  min: Value;
  mean: Value;
  max: Value;
}

export function statistics(values: readonly Value[]): Statistics {
  const present = values.filter((value) => value !== null);
  if (present.length === 0) return { last: null, min: null, mean: null, max: null };
  return {
    last: values.at(-1) ?? null,
    min: present.reduce((a, b) => Math.min(a, b)),
    mean: present.reduce((a, b) => a + b, 0) / present.length,
    max: present.reduce((a, b) => Math.max(a, b)),
  };
}

export function gapAt(gaps: readonly Gap[], ms: number): Gap | undefined {
  return gaps.find((gap) => gap.from <= ms && ms <= gap.to);
}
