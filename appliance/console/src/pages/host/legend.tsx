import type { Signal } from "@preact/signals";
import { formatter } from "../../model/units.ts";
import type { ColouredSeries } from "../../ui/chart/palette.ts";

interface Props {
  series: readonly ColouredSeries[];
  /** Series that are not drawn because they are always zero. */
  quiet: number;
  unit: string;
  hidden: ReadonlySet<string>;
  hovered: Signal<number | null>;
  onToggle(name: string): void;
}

/** Values at the cursor of any chart on the page, else the newest; a click hides a series. */
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
            <b>{show(values[hovered.value ?? values.length - 1] ?? null)}</b>
          </button>
        </li>
      ))}
      {quiet > 0 && <li class="legend-quiet">and {quiet} always at zero</li>}
    </ul>
  );
}
