import "../../styles/charts.css";
import "../../styles/compare.css";
import "../../styles/toolbar.css";
import { type Signal, useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { get } from "../../api/client.ts";
import type { Charts, Comparison } from "../../api/types.ts";
import { aligned } from "../../model/charts.ts";
import { fleet } from "../../model/fleet.ts";
import {
  type Bounds,
  boundsOf,
  parseRange,
  type Range,
  rangeQuery,
  zoomed,
  zoomedOut,
} from "../../model/range.ts";
import { go, route, withParams } from "../../router.ts";
import { Chart } from "../../ui/chart/chart.tsx";
import { Legend, useHidden } from "../../ui/chart/legend.tsx";
import type { ChartActions, ChartView } from "../../ui/chart/options.ts";
import { coloured } from "../../ui/chart/palette.ts";
import { RangePicker } from "../../ui/range_picker.tsx";
import { second, useLoaded, useTitle } from "../../ui/hooks.ts";
import { HostPicker } from "./picker.tsx";
import { OVERLAYS, type OverlaySpec } from "./specs.ts";
import { ComparedTable } from "./table.tsx";

const POINTS = 600;
const REFRESH_MS = 10_000;

/** Some hosts side by side: the latest values, and lines over each other. */
export function ComparePage() {
  useTitle("Compare");
  const query = route.value.query;
  const ids = (query.get("hosts") ?? "").split(",").filter(Boolean);
  const range = useMemo(() => parseRange(query), [query.toString()]);
  return (
    <div class="page compare-page" data-testid="compare-page">
      <h1>Compare hosts</h1>
      <div class="toolbar">
        <HostPicker ids={ids} onChange={choose} />
        {ids.length > 1 && <RangePicker range={range} bounds={boundsOf(range, fleet.now())} onRange={show} />}
      </div>
      {ids.length > 1 ? <Compared ids={ids} range={range} /> : <ChooseHosts chosen={ids.length} />}
    </div>
  );
}

function choose(ids: readonly string[]): void {
  go(withParams({ hosts: ids.join(",") }));
}

function show(range: Range): void {
  go(withParams({ from: null, to: null, last: null, ...rangeQuery(range) }));
}

function ChooseHosts({ chosen }: { chosen: number }) {
  return (
    <div class="card no-match">
      <p>{chosen === 0 ? "Choose two or more hosts to see them side by side." : "Choose one more host."}</p>
    </div>
  );
}

function Compared({ ids, range }: { ids: readonly string[]; range: Range }) {
  // Loaded again at each step of the clock, where the range ends now.
  const step = range.kind === "fixed" ? 0 : Math.floor(second.value / REFRESH_MS);
  const key = `${ids.join()} ${JSON.stringify(range)} ${step}`;
  const asked = useMemo(() => boundsOf(range, fleet.now()), [key]);
  const comparison = useLoaded(key, (abort) =>
    get<Comparison>("/api/v1/hosts/compare", { host: ids }, abort),
  );
  const charts = useLoaded(key, (abort) => Promise.all(ids.map((id) => chartsOf(id, asked, abort))));
  const bounds = useMemo(
    () => boundsOf(range, asked.to, beginningOf(charts.data ?? [])),
    [charts.data, asked],
  );
  const problem = comparison.problem ?? charts.problem;
  const hosts = comparison.data?.hosts ?? [];
  // Charts of another choice of hosts stay only until those of this one arrive.
  const complete = charts.data?.length === hosts.length;
  return (
    <>
      {problem && (
        <p class="card fault-line" role="alert">
          {problem.message} {problem.hint}
        </p>
      )}
      {complete && charts.data && (
        <Overlays names={hosts.map(({ name }) => name)} charts={charts.data} bounds={bounds} />
      )}
      {comparison.data && <ComparedTable comparison={comparison.data} />}
    </>
  );
}

/** The first moment that any of the charts tells of; 0 where none tells of any. */
function beginningOf(charts: readonly Charts[]): number {
  const known = charts.flatMap(({ t, gaps }) => [
    ...t.slice(0, 1),
    ...gaps.slice(0, 1).map(({ from }) => from),
  ]);
  return known.length > 0 ? Math.min(...known) : 0;
}

function chartsOf(id: string, { from, to }: Bounds, abort: AbortSignal): Promise<Charts> {
  const query = { from: Math.round(from), to: Math.round(to), points: POINTS };
  return get<Charts>(`/api/v1/hosts/${id}/charts`, query, abort);
}

interface OverlaysProps {
  names: readonly string[];
  charts: readonly Charts[];
  bounds: Bounds;
}

function Overlays({ names, charts, bounds }: OverlaysProps) {
  const hovered = useSignal<number | null>(null);
  const actions: ChartActions = {
    zoom: (dragged) => show(zoomed(dragged)),
    zoomOut: () => show(zoomedOut(parseRange(route.peek().query), fleet.now())),
    pin: () => undefined,
    hover: (index) => {
      hovered.value = index;
    },
  };
  return (
    <div class="chart-grid">
      {OVERLAYS.filter(({ id }) => charts.some((one) => one.charts[id]?.series.length)).map((spec) => (
        <OverlayCard
          key={spec.id}
          spec={spec}
          names={names}
          charts={charts}
          bounds={bounds}
          actions={actions}
          hovered={hovered}
        />
      ))}
    </div>
  );
}

interface OverlayProps extends OverlaysProps {
  spec: OverlaySpec;
  actions: ChartActions;
  hovered: Signal<number | null>;
}

function OverlayCard({ spec, names, charts, bounds, actions, hovered }: OverlayProps) {
  const [hidden, toggle] = useHidden();
  const { t, series } = useMemo(() => {
    const parts = charts.map(({ t, charts: all }) => {
      const chart = all[spec.id];
      return { t, values: chart ? spec.line(chart) : [] };
    });
    const { t, columns } = aligned(parts, bounds, POINTS);
    return { t, series: coloured(columns.map((values, i) => ({ name: names[i] ?? "", values }))) };
  }, [spec, names, charts, bounds]);
  const view: ChartView = useMemo(() => {
    const shown = series.filter(({ name }) => !hidden.has(name));
    return { t, series: shown, unit: spec.unit, stack: false, bounds, gaps: [], pinned: null };
  }, [t, series, hidden, spec, bounds]);
  return (
    <article class="card chart-card" data-testid={`overlay-${spec.id}`}>
      <header class="chart-head">
        <h2>{spec.title}</h2>
      </header>
      <Legend
        series={series}
        quiet={0}
        unit={spec.unit}
        hidden={hidden}
        hovered={hovered}
        onToggle={toggle}
      />
      <Chart view={view} actions={actions} label={`${spec.title} of ${names.join(", ")}`} />
    </article>
  );
}
