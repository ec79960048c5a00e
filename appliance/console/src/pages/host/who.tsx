import { bytes, moment, percent } from "../../model/units.ts";
import { CloseIcon, PinIcon } from "../../ui/icons.tsx";
import { io, measureOf, type Process, sorted, useProcesses } from "./process_rows.ts";
import type { Culprit } from "./specs.ts";

const SHOWN = 5;
const WORDS: Readonly<Record<Culprit, string>> = { cpu: "CPU", memory: "memory", io: "disk I/O" };

interface Props {
  host: string;
  at: number;
  culprit: Culprit;
  onZoom(): void;
  onClose(): void;
}

/** Answers "which process did it?" at the foot of the screen, beside the chart that was clicked. */
export function WhoDidIt({ host, at, culprit, onZoom, onClose }: Props) {
  const { data, problem } = useProcesses(host, at);
  const measure = measureOf(culprit);
  const top = sorted(data?.rows ?? [], measure, true).slice(0, SHOWN);
  const most = Math.max(...top.map((row) => measure(row) ?? 0), Number.MIN_VALUE);
  return (
    <aside class="who" aria-label="Top processes at the pinned moment" data-testid="who">
      <header>
        <PinIcon />
        <h2>
          Most {WORDS[culprit]} at {moment(at)}
        </h2>
        <button type="button" class="button" data-testid="zoom-in" onClick={onZoom}>
          Zoom in
        </button>
        <a class="button" href="#processes">
          All
        </a>
        <button type="button" class="button icon" aria-label="Take the pin out" onClick={onClose}>
          <CloseIcon />
        </button>
      </header>
      {problem && <p class="fault-line">{problem.message}</p>}
      {data && top.length === 0 && <p class="muted">No process was recorded at this time.</p>}
      <ol>
        {top.map((row) => (
          <li key={String(row.pid)}>
            <i
              style={{ transform: `scaleX(${((measure(row) ?? 0) / most).toFixed(3)})` }}
              aria-hidden="true"
            />
            <b>{row.name}</b>
            <span class="muted who-process" title={String(row.command ?? "")}>
              {[row.user, row.pid, row.command].filter(Boolean).join(" · ")}
            </span>
            <span>{amount(row, culprit)}</span>
          </li>
        ))}
      </ol>
    </aside>
  );
}

function amount(row: Process, culprit: Culprit): string {
  const value = measureOf(culprit)(row);
  if (culprit === "cpu") return percent(value);
  return culprit === "memory" ? bytes(value) : bytes(io(row), "/s");
}
