import type { Forecast, KeptKind, Storage } from "../../api/storage.ts";
import { fleet } from "../../model/fleet.ts";
import { plural } from "../../model/ledger.ts";
import { KIND_WORDS } from "../../model/storage.ts";
import { DAY_MS, span } from "../../model/times.ts";
import { bytes, MISSING } from "../../model/units.ts";
import { type RecordColumn, Records } from "../../ui/records.tsx";

/** A row of the table: the head, or a kind of segments. */
interface Row {
  part: KeptKind["kind"] | "head";
  span: string;
  inside: string;
  bytes: number;
  perSample: number | null;
  limits: string;
  inAYear: number | null;
}

/** What is kept, part by part. */
export function KindTable({ storage, forecast }: { storage: Storage; forecast: Forecast | null }) {
  return (
    <section aria-labelledby="kinds-title">
      <h2 id="kinds-title" class="page-section">
        What is kept
      </h2>
      <Records
        label="What is kept"
        testid="kinds"
        columns={COLUMNS}
        rows={[headRow(storage), ...storage.kinds.map((kind) => kindRow(kind, forecast))]}
        problem={null}
        keyOf={({ part }) => part}
        empty=""
      />
    </section>
  );
}

function headRow({ head }: Storage): Row {
  return {
    part: "head",
    span: spanWords(head),
    inside: plural(head.batches, "batch", "batches"),
    bytes: head.file_bytes,
    perSample: null,
    limits: "until it is sealed",
    inAYear: null,
  };
}

function kindRow(kind: KeptKind, forecast: Forecast | null): Row {
  return {
    part: kind.kind,
    span: spanWords(kind),
    inside: plural(kind.segments, "segment"),
    bytes: kind.bytes,
    perSample: kind.bytes_per_sample,
    limits: limitWords(kind),
    inAYear: weightInAYear(kind, forecast),
  };
}

function spanWords({ from, to }: { from: number | null; to: number | null }): string {
  return from === null || to === null ? MISSING : span(from, to, fleet.now());
}

function limitWords({ days, max_bytes }: KeptKind): string {
  const time = plural(days, "day");
  return max_bytes > 0 ? `${time}, at most ${bytes(max_bytes)}` : time;
}

const YEAR_MS = 365 * DAY_MS;

function weightInAYear({ kind }: KeptKind, forecast: Forecast | null): number | null {
  return forecast?.points.find(({ t }) => t >= forecast.now + YEAR_MS)?.[kind] ?? null;
}

const COLUMNS: readonly RecordColumn<Row>[] = [
  { title: "What", kind: "main", cell: ({ part }) => KIND_WORDS[part] },
  { title: "Covers", cell: (row) => row.span },
  { title: "In", kind: "wide", cell: ({ inside }) => inside },
  { title: "Size", kind: "n", cell: (row) => bytes(row.bytes) },
  {
    title: "Bytes per sample",
    kind: "n",
    cell: ({ perSample }) => (perSample === null ? MISSING : perSample.toFixed(2)),
  },
  { title: "Kept for", cell: ({ limits }) => limits },
  { title: "In a year", kind: "n wide", cell: ({ inAYear }) => bytes(inAYear) },
];
