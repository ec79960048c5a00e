import "../../styles/fleet.css";
import "../../styles/hosts.css";
import { useComputed } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { parseFilter } from "../../model/filter.ts";
import { fleet } from "../../model/fleet.ts";
import { plural } from "../../model/ledger.ts";
import { comparator, parseOrder } from "../../model/order.ts";
import { go, route, withParams } from "../../router.ts";
import { useTitle } from "../../ui/hooks.ts";
import { useShortcuts } from "../../ui/keys.ts";
import { Notice } from "../../ui/parts.tsx";
import { loadCharted } from "../lazy.tsx";
import { FilterBox } from "./filter_box.tsx";
import { KpiStrip } from "./kpis.tsx";
import { LedgerDialog } from "./ledger_dialog.tsx";
import { FleetSkeleton } from "./skeleton.tsx";
import { HostTable } from "./table.tsx";

/** Everything at a glance: is a host down, is anything lost, which host is in trouble. */
export function FleetPage() {
  useTitle(titleOf());
  useEffect(loadCharted, []);
  switch (fleet.status.value) {
    case "loading":
      return <FleetSkeleton />;
    case "failed":
      return <FleetFault />;
    case "ready":
      return fleet.hosts.value.length > 0 ? <Fleet /> : <NoHosts />;
  }
}

function Fleet() {
  const [ledgerShown, setLedgerShown] = useState(false);
  const filterInput = useRef<HTMLInputElement>(null);
  useShortcuts([
    { keys: "/", words: "Filter hosts", run: () => filterInput.current?.select() },
    { keys: "l", words: "Show the loss ledger", run: () => setLedgerShown(true) },
  ]);
  const text = useComputed(() => route.value.query.get("filter") ?? "");
  const order = useComputed(() => parseOrder(route.value.query.get("sort")));
  const filter = useComputed(() => parseFilter(text.value, fleet.metrics.value));
  const ids = useComputed(() =>
    fleet.hosts.value
      .filter(filter.value.matches)
      .sort(comparator(order.value, fleet.yardstick()))
      .map(({ id }) => id),
  );
  return (
    <div class="page fleet-page">
      <h1 class="visually-hidden">Fleet</h1>
      <KpiStrip onLedger={() => setLedgerShown(true)} onFilter={setFilter} />
      <FilterBox
        input={filterInput}
        text={text.value}
        faults={filter.value.faults}
        matched={ids.value.length}
        total={fleet.hosts.value.length}
        onText={setFilter}
      />
      {ids.value.length > 0 ? (
        <HostTable ids={ids.value} order={order.value} onPick={addToFilter} />
      ) : (
        <NoMatch />
      )}
      {ledgerShown && <LedgerDialog onClose={() => setLedgerShown(false)} />}
    </div>
  );
}

function setFilter(text: string): void {
  go(withParams({ filter: text }), { replace: true });
}

function addToFilter(term: string): void {
  const text = route.peek().query.get("filter") ?? "";
  if (!text.split(/\s+/).includes(term)) setFilter(`${text} ${term}`.trim());
}

function titleOf(): string {
  const { down } = fleet.summary.value;
  return down > 0 ? `${plural(down, "host")} down` : "Fleet";
}

function NoMatch() {
  return (
    <div class="card no-match" data-testid="no-match">
      <p>No host matches this filter.</p>
      <button type="button" class="button" onClick={() => setFilter("")}>
        Clear the filter
      </button>
    </div>
  );
}

function NoHosts() {
  return (
    <Notice title="No host has reported yet" testid="empty">
      <p>An agent appears here by itself with its first batch. On this machine that takes a few seconds.</p>
      <p class="muted">Nothing after a minute? Ask the agent what it sees:</p>
      <code class="command">sysmon-agent check</code>
    </Notice>
  );
}

function FleetFault() {
  const problem = fleet.fault.value;
  return (
    <Notice title="The fleet can't be shown" testid="fault">
      <p>{problem?.message}</p>
      {problem?.hint && <code class="command">{problem.hint}</code>}
      <button type="button" class="button primary" onClick={() => void fleet.load()}>
        Try again
      </button>
    </Notice>
  );
}
