import { withQuery } from "../../api/client.ts";
import type { Cardinality } from "../../api/series.ts";
import { plural } from "../../model/ledger.ts";
import { ofHost, ofMetric, withAttribute } from "../../model/series.ts";
import { whole } from "../../model/units.ts";
import { useFresh } from "../../ui/fresh.ts";
import { NotYet, OverviewCard } from "../../ui/overview_card.tsx";

const SHOWN = 5;

/** What makes series many: hosts, metrics and attributes that have most of them. A click shows which they are. */
export function CardinalityCards() {
  const { data, problem } = useFresh<Cardinality>("/api/v1/series/cardinality", { limit: SHOWN });
  if (!data) return <NotYet problem={problem} />;
  return (
    <div class="overview" data-testid="cardinality">
      <OverviewCard title="All series, by host" testid="cardinality-hosts" figure={whole(data.total)}>
        <p class="muted">
          series, {whole(data.active)} of them still sent. A host may send {whole(data.limit_per_host)} at
          once, and {whole(data.new_per_host_per_day)} new ones a day.
        </p>
        <Bars rows={data.hosts.map(({ name, series }) => ({ name, amount: series, match: ofHost(name) }))} />
      </OverviewCard>
      <OverviewCard title="By metric" testid="cardinality-metrics">
        <Bars
          rows={data.metrics.map(({ metric, series }) => ({
            name: metric,
            amount: series,
            match: ofMetric(metric),
          }))}
        />
      </OverviewCard>
      <OverviewCard title="By attribute, with its values" testid="cardinality-attributes">
        <Bars
          rows={data.attributes.map(({ key, values, series }) => ({
            name: key,
            note: `on ${plural(series, "series", "series")}`,
            amount: values,
            match: withAttribute(key),
          }))}
        />
      </OverviewCard>
    </div>
  );
}

interface Row {
  name: string;
  note?: string;
  amount: number;
  match: string;
}

/** Bars as long as the amounts. */
function Bars({ rows }: { rows: readonly Row[] }) {
  const most = Math.max(1, ...rows.map(({ amount }) => amount));
  return (
    <ul class="bars">
      {rows.slice(0, SHOWN).map(({ name, note, amount, match }) => (
        <li key={name}>
          <a href={withQuery("/series", { match })} title={`Show them: ${match}`}>
            <i style={{ transform: `scaleX(${(amount / most).toFixed(3)})` }} aria-hidden="true" />
            <span class="cut">{name}</span>
            <span class="muted">{note}</span>
            <b>{whole(amount)}</b>
          </a>
        </li>
      ))}
    </ul>
  );
}
