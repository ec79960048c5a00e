// Tables of thousands of records. They look like those of `Records`, but every row has one height, and only those near
// the screen exist.

import { useEffect, useRef } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { Problem } from "../api/client.ts";
import { Fault } from "./form.tsx";
import { useMedia } from "./hooks.ts";
import { RecordCells, type RecordColumn, RecordHeading, RecordsSkeleton } from "./records.tsx";
import { Spacer, useRowWindow } from "./row_window.tsx";

/** The height of a row; records.css gives rows the same. */
const ROW_HEIGHT = 44;

interface Props<Row> {
  label: string;
  testid: string;
  columns: readonly RecordColumn<Row>[];
  /** Null while they are being loaded. */
  rows: readonly Row[] | null;
  /** Of rows that are not loaded yet too, where that is known. */
  total?: number | undefined;
  problem: Problem | null;
  /** The height of a row where it is a card, on phones. */
  cardHeight: number;
  keyOf(row: Row): string | number;
  empty: ComponentChildren;
  /** The last rows have come near the screen. */
  onEnd(): void;
}

export function LongTable<Row>({ rows, problem, empty, ...table }: Props<Row>) {
  if (!rows) return problem ? <Fault problem={problem} /> : <RecordsSkeleton label={table.label} />;
  return (
    <>
      <Fault problem={problem} />
      <div class="card">
        {rows.length === 0 ? (
          <div class="records-empty" data-testid={`${table.testid}-empty`}>
            {empty}
          </div>
        ) : (
          <Table rows={rows} {...table} />
        )}
      </div>
    </>
  );
}

type TableProps<Row> = Omit<Props<Row>, "problem" | "empty" | "rows"> & { rows: readonly Row[] };

function Table<Row>({ label, testid, columns, rows, total, cardHeight, keyOf, onEnd }: TableProps<Row>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const height = useMedia("(max-width: 720px)") ? cardHeight : ROW_HEIGHT;
  const { first, end, above, below } = useRowWindow(body, rows.length, height);
  useEffect(() => {
    if (end === rows.length) onEnd();
  }, [end, rows.length]);
  return (
    <table
      class="records long"
      role="table"
      aria-label={label}
      aria-rowcount={(total ?? rows.length) + 1}
      data-testid={testid}
    >
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <RecordHeading key={column.title} column={column} />
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup" ref={body}>
        <Spacer height={above} />
        {rows.slice(first, end).map((row, i) => (
          <tr
            key={keyOf(row)}
            role="row"
            aria-rowindex={first + i + 2}
            data-key={keyOf(row)}
            style={{ height: `${height}px` }}
          >
            <RecordCells columns={columns} row={row} />
          </tr>
        ))}
        <Spacer height={below} />
      </tbody>
    </table>
  );
}
