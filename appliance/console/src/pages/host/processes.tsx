import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { fleet } from "../../model/fleet.ts";
import { bytes, duration, MISSING, moment, percent } from "../../model/units.ts";
import { MomentPicker } from "./moment_picker.tsx";
import { type Cell, type Process, sorted, useProcesses } from "./process_rows.ts";

interface Column {
  name: string;
  title: string;
  numeric: boolean;
  /** Left out on phones. */
  minor: boolean;
  show(process: Process): ComponentChildren;
}

const number = (cell: Cell | undefined): number | null => (typeof cell === "number" ? cell : null);
const text = (cell: Cell | undefined) => (cell === null || cell === undefined ? MISSING : String(cell));

const COLUMNS: readonly Column[] = [
  { name: "name", title: "Name", numeric: false, minor: false, show: (row) => <Name row={row} /> },
  { name: "pid", title: "PID", numeric: true, minor: true, show: (row) => text(row.pid) },
  { name: "user", title: "User", numeric: false, minor: true, show: (row) => text(row.user) },
  { name: "state", title: "State", numeric: false, minor: true, show: (row) => text(row.state) },
  { name: "cpu", title: "CPU", numeric: true, minor: false, show: (row) => <Bar ratio={number(row.cpu)} /> },
  { name: "memory", title: "Memory", numeric: true, minor: false, show: (row) => bytes(number(row.memory)) },
  { name: "read", title: "Read", numeric: true, minor: true, show: (row) => bytes(number(row.read), "/s") },
  {
    name: "write",
    title: "Write",
    numeric: true,
    minor: true,
    show: (row) => bytes(number(row.write), "/s"),
  },
  { name: "threads", title: "Threads", numeric: true, minor: true, show: (row) => text(row.threads) },
  {
    name: "started",
    title: "Running for",
    numeric: true,
    minor: true,
    show: (row) => runningFor(number(row.started)),
  },
];

interface Props {
  host: string;
  at: number | null;
  pinned: boolean;
  tick: number;
  /** Show another moment; null takes the pin out. */
  onPin(ms: number | null): void;
}

/** The top processes, live or at the pinned moment. */
export function ProcessSection({ host, at, pinned, tick, onPin }: Props) {
  const { data, problem } = useProcesses(host, at, tick);
  const [order, setOrder] = useState({ column: "cpu", descending: true });
  const sort = (column: Column) =>
    setOrder((old) => ({
      column: column.name,
      descending: old.column === column.name ? !old.descending : column.numeric,
    }));
  const rows = sorted(data?.rows ?? [], (row) => row[order.column] ?? null, order.descending);
  return (
    <div class="card processes" data-testid="processes">
      <div class="processes-head">
        <h3>Top processes</h3>
        <p class="muted">{when(data?.at ?? null, at, pinned)} CPU: 100% is one core.</p>
        <MomentPicker at={at} pinned={pinned} onPin={onPin} />
      </div>
      {problem && <p class="fault-line">{problem.message}</p>}
      <div class="processes-box">
        <table>
          <thead>
            <tr>
              {COLUMNS.map((column) => (
                <Heading key={column.name} column={column} order={order} onSort={() => sort(column)} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={`${row.pid} ${row.started}`}>
                {COLUMNS.map((column) => (
                  <td key={column.name} class={classOf(column)}>
                    {column.show(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {data && rows.length === 0 && (
          <p class="processes-none muted">No process was recorded at this time.</p>
        )}
      </div>
    </div>
  );
}

function when(shownAt: number | null, askedFor: number | null, pinned: boolean): string {
  if (shownAt === null) return "";
  if (askedFor === null) return "Live.";
  return `${pinned ? "Pinned at" : "At"} ${moment(shownAt)}.`;
}

interface HeadingProps {
  column: Column;
  order: { column: string; descending: boolean };
  onSort(): void;
}

function Heading({ column, order, onSort }: HeadingProps) {
  const active = order.column === column.name;
  const direction = order.descending ? "descending" : "ascending";
  return (
    <th scope="col" class={classOf(column)} aria-sort={active ? direction : undefined}>
      <button type="button" data-testid={`process-sort-${column.name}`} onClick={onSort}>
        {column.title}
        <span class="sort-mark" aria-hidden="true">
          {active ? (order.descending ? "↓" : "↑") : ""}
        </span>
      </button>
    </th>
  );
}

const classOf = ({ numeric, minor }: Column) => `${numeric ? "n" : ""} ${minor ? "minor" : ""}`;

function Name({ row }: { row: Process }) {
  const command = text(row.command);
  return (
    <span class="process-name" title={command}>
      <b>{text(row.name)}</b> <span class="muted">{command}</span>
    </span>
  );
}

function Bar({ ratio }: { ratio: number | null }) {
  return (
    <span class="cpu-bar">
      <i style={{ transform: `scaleX(${Math.min(1, ratio ?? 0).toFixed(3)})` }} />
      {percent(ratio)}
    </span>
  );
}

function runningFor(startedSeconds: number | null): string {
  return startedSeconds === null ? MISSING : duration(fleet.now() / 1000 - startedSeconds);
}
