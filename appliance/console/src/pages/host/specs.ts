// The sections and charts of the host page; a new chart of the API is a line here.

import type { Charts } from "../../api/types.ts";
import { isQuiet } from "../../model/charts.ts";

export type Culprit = "cpu" | "memory" | "io";

export interface ChartSpec {
  /** Its key in the API's answer. */
  id: string;
  title: string;
  stack?: boolean;
  /** Series that are left out. */
  without?: readonly string[];
  /** Another chart that the card can show in its stead, and the words of both choices. */
  other?: { id: string; words: readonly [string, string]; heat?: boolean };
  /** Said in its stead where all is zero: a machine without swap has no swap to look at. */
  unlessZero?: string;
  /** What processes are sorted by when a moment of this chart is pinned. */
  culprit: Culprit;
}

/** Whether there is anything to show on a chart. */
export function isShown(spec: ChartSpec, charts: Charts): boolean {
  return Boolean(charts.charts[spec.id]?.series.length) && zeroWords(spec, charts) === "";
}

/** What is said instead of a chart on which all is zero. */
export function zeroWords({ id, unlessZero = "" }: ChartSpec, { charts }: Charts): string {
  const series = charts[id]?.series ?? [];
  return series.length > 0 && series.every(isQuiet) ? unlessZero : "";
}

export interface SectionSpec {
  id: string;
  title: string;
  charts: readonly ChartSpec[];
}

export const SECTIONS: readonly SectionSpec[] = [
  {
    id: "cpu",
    title: "CPU",
    charts: [
      {
        id: "cpu",
        title: "CPU",
        stack: true,
        without: ["idle"],
        other: { id: "cores", words: ["Modes", "Cores"], heat: true },
        culprit: "cpu",
      },
      { id: "load", title: "Load average", culprit: "cpu" },
    ],
  },
  {
    id: "memory",
    title: "Memory",
    charts: [
      { id: "memory", title: "Memory", stack: true, culprit: "memory" },
      { id: "swap", title: "Swap", stack: true, unlessZero: "No swap in use", culprit: "memory" },
    ],
  },
  {
    id: "disk",
    title: "Disk",
    charts: [
      { id: "disk_io", title: "Disk throughput", culprit: "io" },
      { id: "disk_operations", title: "Disk operations", culprit: "io" },
      { id: "disk_busy", title: "Disk busy", culprit: "io" },
      {
        id: "filesystem",
        title: "Filesystems, used",
        other: { id: "inodes", words: ["Space", "Inodes"] },
        culprit: "io",
      },
    ],
  },
  {
    id: "network",
    title: "Network",
    charts: [
      { id: "network_io", title: "Network traffic", culprit: "cpu" },
      { id: "network_packets", title: "Packets", culprit: "cpu" },
      {
        id: "network_errors",
        title: "Errors and drops",
        unlessZero: "No errors or drops",
        culprit: "cpu",
      },
    ],
  },
  {
    id: "pressure",
    title: "Pressure and heat",
    charts: [
      { id: "pressure", title: "Time tasks waited", culprit: "io" },
      { id: "temperature", title: "Temperature", culprit: "cpu" },
    ],
  },
  {
    id: "processes",
    title: "Processes",
    charts: [{ id: "processes", title: "Processes by state", stack: true, culprit: "cpu" }],
  },
];
