import type { Signal } from "@preact/signals";
import { useMemo, useState } from "preact/hooks";
import type { ChartSeries, Charts } from "../../api/types.ts";
import { statistics, withoutQuiet } from "../../model/charts.ts";
import type { Bounds } from "../../model/range.ts";
import { duration, formatter } from "../../model/units.ts";
import { Chart } from "../../ui/chart/chart.tsx";
import { HeatLegend, Legend, useHidden } from "../../ui/chart/legend.tsx";
import type { ChartActions, ChartView } from "../../ui/chart/options.ts";
import type { Mark } from "../../ui/chart/overlays.ts";
import { coloured } from "../../ui/chart/palette.ts";
import { TableIcon } from "../../ui/icons.tsx";
import { Numbers } from "./numbers.tsx";
import type { ChartSpec, Culprit } from "./specs.ts";

interface Props {
  spec: ChartSpec;
  charts: Charts;
  bounds: Bounds;
  pinned: number | null;
  hovered: Signal<number | null>;
  actionsFor(who: Culprit): ChartActions;
  top: number | undefined;
  mark: Mark | undefined;
}

/** More lines than this cannot be told apart; where that may be, they become bands of colour. */
const MOST_LINES = 4;

/** A chart with its title and legend, and the same in numbers for those who can't or won't read a chart. */
export function ChartCard({ spec, charts, bounds, pinned, hovered, actionsFor, top, mark }: Props) {
  const [asTable, setAsTable] = useState(false);
  const [other, setOther] = useState(false);
  const [hidden, toggle] = useHidden();
  const source = other && spec.other ? spec.other.id : spec.id;
  const data = charts.charts[source];
  const all = useMemo(
    () => data?.series.filter(({ name }) => !spec.without?.includes(name)) ?? [],
    [data, spec],
  );
  const banded = other && Boolean(spec.other?.heat);
  // Among bands a quiet one is worth seeing.
  const drawn = useMemo(() => coloured(banded ? all : withoutQuiet(all)), [all]);
  const series = useMemo(() => drawn.filter(({ name }) => !hidden.has(name)), [drawn, hidden]);
  const unit = data?.unit ?? "";
  const stack = Boolean(spec.stack) && !other;
  const heat = banded && series.length > MOST_LINES;
  const view: ChartView = {
    t: charts.t,
    series,
    unit,
    stack,
    heat,
    bounds,
    gaps: charts.gaps,
    pinned,
    top,
    mark,
  };
  return (
    <article class="card chart-card" data-testid={`chart-${spec.id}`} aria-label={spec.title}>
      <header class="chart-head">
        <h3>{spec.title}</h3>
        {spec.other && charts.charts[spec.other.id] && (
          <Choice words={spec.other.words} second={other} onChoose={setOther} testid={`other-${spec.id}`} />
        )}
        <button
          type="button"
          class="button icon quiet"
          aria-pressed={asTable}
          aria-label={`${spec.title} as a table`}
          title="Show the numbers"
          onClick={() => setAsTable(!asTable)}
        >
          <TableIcon />
        </button>
      </header>
      {heat ? (
        <HeatLegend series={series} hovered={hovered} />
      ) : (
        <Legend
          series={drawn}
          quiet={all.length - drawn.length}
          unit={unit}
          hidden={hidden}
          hovered={hovered}
          onToggle={toggle}
        />
      )}
      {asTable ? (
        <Numbers series={all} unit={unit} title={spec.title} />
      ) : (
        <Chart
          view={view}
          actions={actionsFor(spec.culprit)}
          label={spoken(spec.title, series, unit, bounds)}
        />
      )}
    </article>
  );
}

/** What a screen reader says of a chart. */
function spoken(title: string, series: readonly ChartSeries[], unit: string, { from, to }: Bounds): string {
  const show = formatter(unit);
  const parts = series.slice(0, 6).map(({ name, values }) => {
    const { last, max } = statistics(values);
    return `${name} ${show(last)}, at most ${show(max)}`;
  });
  return `${title} over ${duration((to - from) / 1000)}: ${parts.join("; ") || "no data"}`;
}

interface ChoiceProps {
  words: readonly [string, string];
  second: boolean;
  testid: string;
  onChoose(second: boolean): void;
}

function Choice({ words, second, testid, onChoose }: ChoiceProps) {
  return (
    <div class="segments small" data-testid={testid}>
      {words.map((word, i) => (
        <button
          key={word}
          type="button"
          aria-pressed={second === Boolean(i)}
          onClick={() => onChoose(Boolean(i))}
        >
          {word}
        </button>
      ))}
    </div>
  );
}
