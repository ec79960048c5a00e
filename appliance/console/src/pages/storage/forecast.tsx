import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Forecast, Storage } from "../../api/storage.ts";
import { basisWords, forecastSeries, keptBytes } from "../../model/storage.ts";
import { bytes } from "../../model/units.ts";
import { go, route, withParams } from "../../router.ts";
import { Chart } from "../../ui/chart/chart.tsx";
import { Legend, useHidden } from "../../ui/chart/legend.tsx";
import type { ChartActions, ChartView } from "../../ui/chart/options.ts";
import type { Mark } from "../../ui/chart/overlays.ts";
import { coloured } from "../../ui/chart/palette.ts";

const CHOICES = [
  { days: 30, words: "30 d", title: "The next 30 days" },
  { days: 365, words: "1 y", title: "The next year" },
  { days: 3650, words: "10 y", title: "The next ten years" },
] as const;
const DEFAULT_DAYS = 365;

/** How many days a forecast looks ahead, as the address says it. */
export function aheadOf(query: URLSearchParams): number {
  const asked = Number(query.get("ahead"));
  return CHOICES.find(({ days }) => days === asked)?.days ?? DEFAULT_DAYS;
}

/** What history will weigh, part upon part, and where the disk ends. */
export function ForecastCard({ storage, forecast }: { storage: Storage; forecast: Forecast }) {
  const hovered = useSignal<number | null>(null);
  const [hidden, toggle] = useHidden();
  const series = useMemo(() => coloured(forecastSeries(forecast)), [forecast]);
  const view: ChartView = useMemo(
    () => ({
      t: forecast.points.map(({ t }) => t),
      series: series.filter(({ name }) => !hidden.has(name)),
      unit: "By",
      stack: true,
      bounds: { from: forecast.now, to: forecast.points.at(-1)?.t ?? forecast.now },
      gaps: [],
      pinned: null,
      mark: diskEnd(storage),
    }),
    [forecast, series, hidden, storage],
  );
  const actions: ChartActions = {
    ...NO_ACTIONS,
    hover: (index) => {
      hovered.value = index;
    },
  };
  return (
    <section class="card chart-card forecast" data-testid="forecast" aria-label="Forecast">
      <header class="chart-head">
        <h2>What it will weigh</h2>
        <Ahead />
      </header>
      <p class="muted forecast-basis">{basisWords(forecast)}</p>
      <Legend series={series} quiet={0} unit="By" hidden={hidden} hovered={hovered} onToggle={toggle} />
      <Chart view={view} actions={actions} label={spoken(forecast)} height={230} />
    </section>
  );
}

const nothing = () => undefined;
const NO_ACTIONS: ChartActions = { zoom: nothing, zoomOut: nothing, pin: nothing, hover: nothing };

/** In an object store there is no end to be seen. */
function diskEnd({ object_store, ...storage }: Storage): Mark | undefined {
  if (object_store) return undefined;
  return { value: keptBytes({ object_store, ...storage }) + storage.disk.free, words: "the disk is full" };
}

function Ahead() {
  const chosen = aheadOf(route.value.query);
  return (
    <fieldset class="segments small" aria-label="How far ahead">
      {CHOICES.map(({ days, words, title }) => (
        <button
          key={days}
          type="button"
          title={title}
          data-testid={`ahead-${days}`}
          aria-pressed={days === chosen}
          onClick={() =>
            go(withParams({ ahead: days === DEFAULT_DAYS ? null : String(days) }), { replace: true })
          }
        >
          {words}
        </button>
      ))}
    </fieldset>
  );
}

function spoken({ points, in_a_year }: Forecast): string {
  const [first, last] = [points[0], points.at(-1)];
  return `What history weighs: ${bytes(first?.total ?? null)} now, ${bytes(last?.total ?? null)} at the end, ${bytes(in_a_year)} in a year`;
}
