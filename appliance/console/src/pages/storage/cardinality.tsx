import type { ComponentChildren } from "preact";
import { withQuery } from "../../api/client.ts";
import type { Cardinality } from "../../api/series.ts";
import { ofHost, ofMetric, withAttribute } from "../../model/series.ts";
import { count } from "../../model/units.ts";
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
        <Bars rows={data.hosts.map(({ name, series }) => ({ name, series, match: ofHost(name) }))} />
      </OverviewCard>
      <OverviewCard title="By metric" testid="cardinality-metrics">
        <Bars
          rows={data.metrics.map(({ metric, series }) => ({ name: metric, series, match: ofMetric(metric) }))}
        />
      </OverviewCard>
      <OverviewCard title="By attribute" testid="cardinality-attributes">
        <Bars
          rows={data.attributes.map(({ key, values, series }) => ({
            name: key,
            note: `${count(values)} values`,
            series,
            match: withAttribute(key),
          }))}
        />
      </OverviewCard>
    </div>
  );
}

interface Row {
  name: string;
  note?: ComponentChildren;
  series: number;
  match: string;
}

/** Bars as long as the amounts; the first is the longest. */
function Bars({ rows }: { rows: readonly Row[] }) {
  const most = rows[0]?.series || 1;
  return (
    <ul class="bars">
      {rows.slice(0, SHOWN).map(({ name, note, series, match }) => (
        <li key={name}>
          <a href={withQuery("/series", { match })} title={`Show them: ${match}`}>
            <i style={{ transform: `scaleX(${(series / most).toFixed(3)})` }} aria-hidden="true" />
            <span class="cut">{name}</span>
            <span class="muted">{note}</span>
            <b>{whole(series)}</b>
          </a>
        </li>
      ))}
    </ul>
  );
}

const whole = (amount: number) => amount.toLocaleString("en-US");
