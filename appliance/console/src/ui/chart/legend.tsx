import type { Signal } from "@preact/signals";
import { useState } from "preact/hooks";
import type { Value } from "../../api/types.ts";
import { formatter, percent } from "../../model/units.ts";
import type { ColouredSeries } from "./palette.ts";

interface Props {
  series: readonly ColouredSeries[];
  /** Series that are not drawn because they are always zero. */
  quiet: number;
  unit: string;
  hidden: ReadonlySet<string>;
  hovered: Signal<number | null>;
  onToggle(name: string): void;
}

/** Values at the cursor of any chart on the page, else the last that are known; a click hides a series. */
export function Legend({ series, quiet, unit, hidden, hovered, onToggle }: Props) {
  const show = formatter(unit);
  return (
    <ul class="legend">
      {series.map(({ name, values, token }) => (
        <li key={name}>
          <button
            type="button"
            aria-pressed={!hidden.has(name)}
            title={`Hide or show ${name}`}
            onClick={() => onToggle(name)}
          >
            <i class="swatch" style={{ background: `var(--${token})` }} />
            <span class="legend-name">{name}</span>
            <b>{show(valueAt(values, hovered.value))}</b>
          </button>
        </li>
      ))}
      {quiet > 0 && <li class="legend-quiet">and {quiet} always at zero</li>}
    </ul>
  );
}

/** Without a cursor the last that is known: of several hosts, not all have a tick in the newest slot. */
function valueAt(values: readonly Value[], index: number | null): Value {
  return (index === null ? values.findLast((value) => value !== null) : values[index]) ?? null;
}

/** The names of hidden series, and what hides or shows one. */
export function useHidden(): [ReadonlySet<string>, (name: string) => void] {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const toggle = (name: string) =>
    setHidden((old) => new Set(old.has(name) ? [...old].filter((one) => one !== name) : [...old, name]));
  return [hidden, toggle];
}

interface HeatProps {
  series: readonly ColouredSeries[];
  hovered: Signal<number | null>;
}

/** What the colours of bands mean, and which band is the highest at the cursor. */
export function HeatLegend({ series, hovered }: HeatProps) {
  const at = ({ values }: ColouredSeries) => valueAt(values, hovered.value) ?? 0;
  const highest = series.reduce((best, one) => (at(one) > at(best) ? one : best));
  return (
    <div class="legend heat-legend">
      <span>0%</span>
      <i aria-hidden="true" />
      <span>100%</span>
      <span class="legend-quiet">
        busiest: {highest.name} <b>{percent(at(highest))}</b>
      </span>
    </div>
  );
}
