// Arithmetic on the points of charts: columns that share one list of times, with null where there is no value.

import type { ChartData, ChartSeries, Charts, Gap, TicksEvent, Value } from "../api/types.ts";

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
    t: [...charts.t.slice(first), ...added],
    charts: Object.fromEntries(
      [...names].map((name) => [name, merge(charts.charts[name], event.charts[name])]),
    ),
    gaps: charts.gaps.filter((gap) => gap.to >= fromMs),
  };
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

/** Put columns with different times on one: the union of all times, null where a column has none. */
export function joined(parts: readonly { t: readonly number[]; values: readonly Value[] }[]): {
  t: number[];
  columns: Value[][];
} {
  const t = [...new Set(parts.flatMap((part) => part.t))].sort((a, b) => a - b);
  const place = new Map(t.map((time, index) => [time, index]));
  const columns = parts.map((part) => {
    const column = Array<Value>(t.length).fill(null);
    part.t.forEach((time, i) => {
      column[place.get(time) ?? 0] = part.values[i] ?? null;
    });
    return column;
  });
  return { t, columns };
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
