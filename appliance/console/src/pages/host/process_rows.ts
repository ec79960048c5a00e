// The process table as the API sends it, columns by name, and the order in which people ask for it.

import { get } from "../../api/client.ts";
import type { ProcessTable } from "../../api/types.ts";
import { type Loaded, useLoaded } from "../../ui/hooks.ts";
import type { Culprit } from "./specs.ts";

export type Cell = string | number | null;
export type Process = Readonly<Record<string, Cell>>;

export interface Processes {
  at: number | null;
  rows: readonly Process[];
}

/** The newest table at or before `at`, or of now; loaded again when `tick` changes. */
export function useProcesses(host: string, at: number | null, tick = 0): Loaded<Processes> {
  const query = at === null ? {} : { at };
  const key = `${host} ${at ?? tick}`;
  return useLoaded(key, (abort) =>
    get<ProcessTable>(`/api/v1/hosts/${host}/processes`, query, abort).then(named),
  );
}

function named({ at, columns, rows }: ProcessTable): Processes {
  const one = (row: readonly Cell[]) =>
    Object.fromEntries(columns.map((column, i) => [column, row[i] ?? null]));
  return { at, rows: rows.map(one) };
}

/** Bytes read and written; null where neither is known. */
export function io({ read, write }: Process): number | null {
  if (typeof read !== "number" && typeof write !== "number") return null;
  return Number(read ?? 0) + Number(write ?? 0);
}

export function measureOf(culprit: Culprit): (process: Process) => number | null {
  if (culprit === "io") return io;
  return (process) => (typeof process[culprit] === "number" ? process[culprit] : null);
}

/** Sorted by any column, the highest first for numbers; what has no value comes last. */
export function sorted(
  rows: readonly Process[],
  measure: (process: Process) => Cell,
  descending: boolean,
): Process[] {
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const left = measure(a);
    const right = measure(b);
    if (left === right) return Number(a.pid) - Number(b.pid);
    if (left === null) return 1;
    if (right === null) return -1;
    if (typeof left === "number" && typeof right === "number") return sign * (left - right);
    return sign * String(left).localeCompare(String(right));
  });
}
