import { useState } from "preact/hooks";
import { get } from "../../api/client.ts";
import type { Host, TopProcess, TopProcesses as Answer } from "../../api/types.ts";
import { fleet } from "../../model/fleet.ts";
import { plural } from "../../model/ledger.ts";
import { boundsOf, type Range, rangeQuery } from "../../model/range.ts";
import { DAY_MS, momentWithin } from "../../model/times.ts";
import { bytes, duration, percent } from "../../model/units.ts";
import { beat } from "../../ui/fresh.ts";
import { type Loaded, useLoaded } from "../../ui/hooks.ts";
import { type RecordColumn, Records } from "../../ui/records.tsx";
import type { Culprit } from "./specs.ts";

const SHOWN = 10;
/** As long as the API answers. */
const MOST_DAYS = 400;
const NOTHING: Answer = { from: 0, to: 0, ticks: 0, processes: [] };
const CHOICES: readonly (readonly [Culprit, string])[] = [
  ["cpu", "CPU"],
  ["memory", "Memory"],
  ["io", "Disk I/O"],
];

/** Which processes used most over all of the range. */
export function TopProcesses({ host, range }: { host: Host; range: Range }) {
  const [by, setBy] = useState<Culprit>("cpu");
  const { from, to } = boundsOf(range, fleet.now(), host.first_seen);
  const tooLong = to - from > MOST_DAYS * DAY_MS;
  const { data, problem } = useTop(host, tooLong ? null : range, by);
  return (
    <section class="top-processes" aria-labelledby="top-title" data-testid="top">
      <header class="processes-head">
        <h3 id="top-title">Who did it, over the whole range</h3>
        <p class="muted">{data && data.ticks > 0 && basisWords(data)}</p>
        <fieldset class="segments small" aria-label="Most of">
          {CHOICES.map(([choice, words]) => (
            <button
              key={choice}
              type="button"
              data-testid={`top-${choice}`}
              aria-pressed={by === choice}
              onClick={() => setBy(choice)}
            >
              {words}
            </button>
          ))}
        </fieldset>
      </header>
      <Records
        label="Top processes of the range"
        testid="top-table"
        columns={data ? columns(data, by) : []}
        rows={data?.processes ?? null}
        problem={problem}
        keyOf={({ pid, started }) => `${pid} ${started}`}
        empty={
          tooLong
            ? `That can be told of at most ${MOST_DAYS} days: choose a shorter range.`
            : "No process was recorded in this range."
        }
      />
    </section>
  );
}

/** Asked for anew with everything else on the page, where the range ends now; no range has no processes. */
function useTop(host: Host, range: Range | null, by: Culprit): Loaded<Answer> {
  const step = range?.kind === "last" ? beat.value : 0;
  const key = `${host.id} ${by} ${range && new URLSearchParams(rangeQuery(range))} ${step}`;
  return useLoaded(key, async (abort) => {
    if (!range) return NOTHING;
    const { from, to } = boundsOf(range, fleet.now(), host.first_seen);
    const query = { from: Math.round(from), to: Math.round(to), by, limit: SHOWN };
    return get<Answer>(`/api/v1/hosts/${host.id}/processes/top`, query, abort);
  });
}

function basisWords({ ticks }: Answer): string {
  return `Of ${plural(ticks, "table")}. A process counts while it is among the top ones.`;
}

function columns(answer: Answer, by: Culprit): RecordColumn<TopProcess>[] {
  const measure = measures[by];
  const most = Math.max(...answer.processes.map(measure), Number.MIN_VALUE);
  const bar = (row: TopProcess, culprit: Culprit, words: string) =>
    by === culprit ? <Bar share={measure(row) / most} words={words} /> : words;
  return [
    { title: "Name", kind: "main text", cell: (row) => <Name row={row} /> },
    { title: "User", kind: "wide", cell: ({ user }) => user },
    { title: "CPU time", kind: "n", cell: (row) => bar(row, "cpu", duration(row.cpu_seconds)) },
    { title: "CPU, most", kind: "n wide", cell: ({ cpu_max }) => percent(cpu_max) },
    { title: "Memory, most", kind: "n", cell: (row) => bar(row, "memory", bytes(row.memory_max)) },
    { title: "Read", kind: "n wide", cell: ({ read_bytes }) => bytes(read_bytes) },
    { title: "Read and written", kind: "n", cell: (row) => bar(row, "io", bytes(ioOf(row))) },
    { title: "First seen", kind: "wide", cell: ({ first }) => momentWithin(answer, first) },
    { title: "Last seen", cell: ({ last }) => momentWithin(answer, last) },
  ];
}

function ioOf({ read_bytes, written_bytes }: TopProcess): number | null {
  if (read_bytes === null && written_bytes === null) return null;
  return (read_bytes ?? 0) + (written_bytes ?? 0);
}

const measures: Readonly<Record<Culprit, (row: TopProcess) => number>> = {
  cpu: ({ cpu_seconds }) => cpu_seconds ?? 0,
  memory: ({ memory_max }) => memory_max ?? 0,
  io: (row) => ioOf(row) ?? 0,
};

function Name({ row: { name, pid, command } }: { row: TopProcess }) {
  return (
    <span class="process-name" title={command}>
      <b>{name}</b> <span class="muted">{[pid, command].filter(Boolean).join(" · ")}</span>
    </span>
  );
}

function Bar({ share, words }: { share: number; words: string }) {
  return (
    <span class="cpu-bar">
      <i style={{ transform: `scaleX(${share.toFixed(3)})` }} />
      {words}
    </span>
  );
}
