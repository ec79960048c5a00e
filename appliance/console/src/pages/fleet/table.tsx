import { useRef } from "preact/hooks";
import { fleet } from "../../model/fleet.ts";
import { type Order, orderText, toggled } from "../../model/order.ts";
import { go, withParams } from "../../router.ts";
import { useMedia } from "../../ui/hooks.ts";
import { Spacer, useRowWindow } from "../../ui/row_window.tsx";
import { COLUMNS, type Column } from "./columns.tsx";

/** Heights of a row; fleet.css gives rows the same. */
const ROW_HEIGHT = 54;
const CARD_HEIGHT = 150;

interface Props {
  ids: readonly string[];
  order: Order;
  onPick(term: string): void;
}

/** The table of hosts. Only rows near the screen exist, so a thousand hosts cost as much as thirty. */
export function HostTable({ ids, order, onPick }: Props) {
  const body = useRef<HTMLTableSectionElement>(null);
  const rowHeight = useMedia("(max-width: 720px)") ? CARD_HEIGHT : ROW_HEIGHT;
  const { first, end, above, below } = useRowWindow(body, ids.length, rowHeight);
  // On phones rows become cards; the roles keep the table a table for screen readers.
  return (
    <div class="card">
      <table class="hosts" role="table" aria-label="Hosts" aria-rowcount={ids.length + 1} data-testid="hosts">
        <thead role="rowgroup">
          <tr role="row">
            {COLUMNS.map((column) => (
              <Heading key={column.title} column={column} order={order} />
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup" ref={body}>
          <Spacer height={above} />
          {ids.slice(first, end).map((id, i) => (
            <HostRow key={id} id={id} index={first + i} onPick={onPick} />
          ))}
          <Spacer height={below} />
        </tbody>
      </table>
    </div>
  );
}

function Heading({ column, order }: { column: Column; order: Order }) {
  const direction = order.descending ? "descending" : "ascending";
  return (
    <th
      role="columnheader"
      scope="col"
      class={column.kind}
      aria-sort={order.key === column.sort ? direction : undefined}
    >
      {column.sort ? (
        <SortButton title={column.title} sort={column.sort} order={order} />
      ) : (
        <span>{column.title}</span>
      )}
    </th>
  );
}

function SortButton({ title, sort, order }: { title: string; sort: string; order: Order }) {
  const mark = order.key !== sort ? "" : order.descending ? "↓" : "↑";
  const change = () => go(withParams({ sort: orderText(toggled(order, sort)) }), { replace: true });
  return (
    <button type="button" data-testid={`sort-${sort}`} onClick={change}>
      {title}
      <span class="sort-mark" aria-hidden="true">
        {mark}
      </span>
    </button>
  );
}

function HostRow({ id, index, onPick }: { id: string; index: number; onPick(term: string): void }) {
  const host = fleet.host(id)?.value;
  if (!host) return null;
  const metrics = fleet.metrics.value;
  const read = (metric: string) => host.values[metrics.indexOf(metric)] ?? null;
  return (
    <tr
      role="row"
      class={host.status}
      aria-rowindex={index + 2}
      data-testid="host-row"
      data-host={host.name}
      onClick={(event) => openRow(event, id)}
    >
      {COLUMNS.map((column) => (
        <td key={column.title} role="cell" class={column.kind} data-title={column.title}>
          {column.cell(host, read, onPick)}
        </td>
      ))}
    </tr>
  );
}

/** For the mouse the whole row is as large a target as the name: unless the click meant a control, or ended a selection. */
function openRow(event: MouseEvent, id: string): void {
  const onControl = event.target instanceof Element && event.target.closest("a, button");
  if (!onControl && !getSelection()?.toString()) go(`/hosts/${id}`);
}
