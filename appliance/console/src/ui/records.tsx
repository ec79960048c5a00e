// Tables of records that people manage: tens of rows, not thousands. On phones each row becomes a card.

import type { ComponentChildren } from "preact";
import type { Problem } from "../api/client.ts";
import { fleet } from "../model/fleet.ts";
import { dated, relative } from "../model/times.ts";
import { Fault } from "./form.tsx";
import { second } from "./hooks.ts";

export interface RecordColumn<Row> {
  title: string;
  /** Classes: `fit` is as narrow as its content, `acts` holds buttons, `wide` is left out on narrower screens. */
  kind?: string;
  /** Which way the rows are sorted by it, where they can be. */
  sort?: { descending: boolean; onToggle(): void };
  cell(row: Row): ComponentChildren;
}

interface Props<Row> {
  label: string;
  testid: string;
  columns: readonly RecordColumn<Row>[];
  /** Null while they are being loaded. */
  rows: readonly Row[] | null;
  problem: Problem | null;
  keyOf(row: Row): string | number;
  /** Instead of a table without rows. */
  empty: ComponentChildren;
}

export function Records<Row>({ label, testid, columns, rows, problem, keyOf, empty }: Props<Row>) {
  if (!rows) return problem ? <Fault problem={problem} /> : <RecordsSkeleton label={label} />;
  return (
    <>
      <Fault problem={problem} />
      <div class="card records-card">
        {rows.length === 0 ? (
          <div class="records-empty" data-testid={`${testid}-empty`}>
            {empty}
          </div>
        ) : (
          <Table label={label} testid={testid} columns={columns} rows={rows} keyOf={keyOf} />
        )}
      </div>
    </>
  );
}

type TableProps<Row> = Omit<Props<Row>, "problem" | "empty" | "rows"> & { rows: readonly Row[] };

// On phones rows become cards; the roles keep the table a table for screen readers.
function Table<Row>({ label, testid, columns, rows, keyOf }: TableProps<Row>) {
  return (
    <table class="records" role="table" aria-label={label} data-testid={testid}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <RecordHeading key={column.title} column={column} />
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr key={keyOf(row)} role="row" data-key={keyOf(row)}>
            <RecordCells columns={columns} row={row} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function RecordCells<Row>({ columns, row }: { columns: readonly RecordColumn<Row>[]; row: Row }) {
  return (
    <>
      {columns.map(({ title, kind, cell }) => (
        <td key={title} role="cell" class={kind} data-title={title}>
          <div>{cell(row)}</div>
        </td>
      ))}
    </>
  );
}

export function RecordHeading<Row>({ column: { title, kind, sort } }: { column: RecordColumn<Row> }) {
  const direction = sort && (sort.descending ? "descending" : "ascending");
  return (
    <th role="columnheader" scope="col" class={kind} aria-sort={direction}>
      {sort ? (
        <button type="button" onClick={sort.onToggle}>
          {title} <span aria-hidden="true">{sort.descending ? "↓" : "↑"}</span>
        </button>
      ) : (
        <span class={kind?.includes("acts") ? "visually-hidden" : undefined}>{title}</span>
      )}
    </th>
  );
}

export function RecordsSkeleton({ label }: { label: string }) {
  return (
    <div class="card records-card" role="status" aria-label={`Loading: ${label}`}>
      {[1, 2, 3].map((i) => (
        <div key={i} class="skeleton records-skeleton" />
      ))}
    </div>
  );
}

/** A moment by its distance from now; its date is the title. */
export function When({ ms }: { ms: number }) {
  second.value; // goes on by itself
  return (
    <time dateTime={new Date(ms).toISOString()} title={dated(ms)}>
      {relative(ms, fleet.now())}
    </time>
  );
}

export type Tone = "ok" | "warn" | "bad" | "quiet";

/** A state in a word; the mark before it tells tones apart where colour does not. */
export function State({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return <span class={`state ${tone}`}>{children}</span>;
}

/** The beginning of a long hexadecimal number; all of it is the title. */
export function Short({ text, length = 12 }: { text: string; length?: number }) {
  return (
    <code class="short" title={text}>
      {text.slice(0, length)}
    </code>
  );
}
