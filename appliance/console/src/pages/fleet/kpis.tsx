import { fleet } from "../../model/fleet.ts";
import { lostTicks, plural, uncollectedTicks } from "../../model/ledger.ts";
import { count, whole } from "../../model/units.ts";
import { Sparkline } from "../../ui/sparkline.tsx";
import { TroubleKpi } from "./trouble.tsx";

interface Props {
  onLedger(): void;
  onFilter(text: string): void;
}

/** What the person on call asks first: what is wrong, where, since when; then whether data is lost, and arrives. */
export function KpiStrip({ onLedger, onFilter }: Props) {
  return (
    <section class="kpis" aria-label="Summary">
      <TroubleKpi />
      <HostsKpi onFilter={onFilter} />
      <LostKpi onLedger={onLedger} />
      <IngestKpi />
    </section>
  );
}

function HostsKpi({ onFilter }: { onFilter(text: string): void }) {
  const { up, late, down } = fleet.summary.value;
  const all = up + late + down;
  const part = (status: string, amount: number) => (
    <button
      type="button"
      class={amount > 0 ? status : "muted"}
      data-testid={`kpi-${status}`}
      onClick={() => onFilter(`status=${status}`)}
    >
      {amount} {status}
    </button>
  );
  return (
    <div class="card kpi" data-testid="kpi-hosts">
      <h2>Hosts</h2>
      <p class={`kpi-number ${down > 0 ? "bad" : late > 0 ? "warn" : ""}`}>
        {down > 0 ? down : late > 0 ? late : up}
        <small>{down > 0 ? `of ${all} down` : late > 0 ? `of ${all} late` : `of ${all} up`}</small>
      </p>
      <div class="status-bar" aria-hidden="true">
        {Object.entries({ up, late, down })
          .filter(([, amount]) => amount > 0)
          .map(([status, amount]) => (
            <span key={status} class={status} style={{ flexGrow: amount }} />
          ))}
      </div>
      <div class="kpi-foot">
        {part("up", up)}
        {part("late", late)}
        {part("down", down)}
      </div>
    </div>
  );
}

function LostKpi({ onLedger }: { onLedger(): void }) {
  const ledger = fleet.ledger.value;
  const lost = lostTicks(ledger);
  const uncollected = uncollectedTicks(ledger);
  return (
    <button type="button" class="card kpi" data-testid="kpi-lost" onClick={onLedger}>
      <span class="kpi-title">Samples lost</span>
      <span class={`kpi-number ${lost > 0 ? "bad" : "good"}`}>
        {whole(lost)}
        <small>{lost > 0 ? "ticks" : `of ${count(ledger.stored)} ticks stored`}</small>
      </span>
      <span class="kpi-foot muted">
        <span>{uncollected > 0 ? `${plural(uncollected, "tick")} not collected` : "No tick is missing"}</span>
        <span class="kpi-more">Open the ledger</span>
      </span>
    </button>
  );
}

function IngestKpi() {
  const rates = fleet.rates.value;
  return (
    <div class="card kpi kpi-ingest" data-testid="kpi-ingest">
      <h2>Ingest</h2>
      <p class="kpi-number">
        {count(Math.round(fleet.summary.value.samples_per_second))}
        <small>samples/s</small>
      </p>
      <div class="kpi-spark">
        <Sparkline lines={[rates]} top={1} colours={["series-3"]} words="Samples per second, last minute" />
      </div>
    </div>
  );
}
