// What the compare page draws: one line per host, made from a chart of the host page.

import type { ChartData, Value } from "../../api/types.ts";
import { total } from "../../model/charts.ts";

export interface OverlaySpec {
  id: string;
  title: string;
  unit: string;
  /** One value per time from the host's chart of that id. */
  line(chart: ChartData): readonly Value[];
}

const sumOf =
  (...names: string[]) =>
  ({ series }: ChartData) =>
    total(series.filter(({ name }) => names.includes(name)));

const sumWithout =
  (...names: string[]) =>
  ({ series }: ChartData) =>
    total(series.filter(({ name }) => !names.includes(name)));

const highest = ({ series }: ChartData): Value[] =>
  (series[0]?.values ?? []).map((_, i) => {
    const present = series.map(({ values }) => values[i] ?? null).filter((value) => value !== null);
    return present.length > 0 ? Math.max(...present) : null;
  });

export const OVERLAYS: readonly OverlaySpec[] = [
  { id: "cpu", title: "CPU", unit: "ratio", line: sumWithout("idle", "iowait") },
  { id: "memory", title: "Memory used", unit: "By", line: sumOf("used") },
  { id: "load", title: "Load, 1 minute", unit: "1", line: sumOf("1m") },
  { id: "network_io", title: "Network traffic", unit: "By/s", line: sumWithout() },
  { id: "disk_io", title: "Disk throughput", unit: "By/s", line: sumWithout() },
  { id: "filesystem", title: "Fullest filesystem", unit: "ratio", line: highest },
];
